/** Words of the overview of all plants. */
const states = {
  alarm: 'Alarm',
  warning: 'Warning',
  stale: 'No readings',
  unserved: 'Not scored',
  quiet: 'Normal',
  history: 'History only'
} as const;

export const overview = {
  title: 'All plants, worst first',
  states,
  wall: 'Full screen',
  count: (n: number, word: keyof typeof states) => `${states[word]} ${n}`,
  more: (n: number) => (n === 1 ? 'and 1 more warning' : `and ${n} more warnings`),
  since: (time: string) => `since ${time}`,
  unacknowledged: 'unacknowledged',
  calm: (ratio: string, when: string) => `Highest risk ${ratio}\u00a0× threshold, ${when}.`,
  nothing: 'No row has been scored yet.',
  staleFor: (age: string) => `No reading for ${age}.`,
  noReadings: 'No reading has come yet.',
  noModel: 'No champion is serving: readings are not scored.',
  historyOnly: 'Receives no readings. Its history can be replayed.',
  age: (age: string) => `${age} ago`,
  reading: 'Last reading',
  plantFault: (fault: string) => `Profile: ${fault}`,
  empty: 'There is no plant yet: `forewarn plant new` drafts one from an export.',
  leftOut: (name: string, fault: string) => `${name} is left out: ${fault}`,
  away: 'The data shown may be out of date.'
} as const;

/** As the plant chooser has them, before a plant's name. */
export const pickerMarks = {
  alarm: '◆',
  warning: '▲',
  stale: '⌛',
  unserved: '○',
  quiet: '',
  history: ''
} as const;
