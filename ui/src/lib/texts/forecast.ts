/** Words of the page that forecasts from recent rows. */
function steps(seconds: number): string {
  return seconds % 3600 === 0 ? `${seconds / 3600} h` : `${Math.round(seconds / 60)} min`;
}

export const forecast = {
  noneAhead: 'This plant has no forecast model: its profile lists no forecaster.',
  rows: (n: number) => `The newest ${n} rows`,
  interval: (seconds: number) => `One row every ${steps(seconds)}, newest last. Values in the tags’ units.`,
  fromLive: 'Live plant',
  fromLiveHint: 'The newest rows of the live plant',
  normal: 'Normal',
  escalating: 'Escalating pressure',
  escalatingHint: (tag: string) => `${tag} rises from normal to beyond its upper alarm limit`,
  noEscalation: 'No tag of this plant has an upper alarm limit.',
  clear: 'Clear',
  file: 'Open CSV …',
  paste:
    'Paste a block into any cell, or drop a CSV file here. With a header of tags it fills the whole table.',
  when: 'Row',
  newest: 'newest',
  ago: (seconds: number) => `−${steps(seconds)}`,
  cell: (tag: string, when: string) => `${tag}, ${when}`,
  send: 'Forecast',
  sending: 'Forecasting …',
  mendFirst: (n: number) => (n === 1 ? 'Correct 1 cell first.' : `Correct ${n} cells first.`),
  result: 'Forecast',
  within: (hours: number) => `Within ${hours} h`,
  beyond: (tags: string) =>
    `The newest row is beyond an alarm limit already: ${tags}. A forecast predicts whether another alarm starts, not the current one.`,
  nothingYet: 'Fill the table, then forecast.',
  taken: (n: number) => (n === 1 ? '1 row loaded.' : `${n} rows loaded.`),
  newestOf: (n: number, all: number) => `The newest ${n} of ${all} rows loaded.`,
  tooLarge: 'The file is larger than 5 MB.',
  allEmpty: 'Enter at least one value.'
} as const;
