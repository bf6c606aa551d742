/** Words of the page that forecasts from recent rows. */
function steps(seconds: number): string {
  return seconds % 3600 === 0 ? `${seconds / 3600} h` : `${Math.round(seconds / 60)} min`;
}

export const forecast = {
  noneAhead: 'No model of this plant looks ahead: its profile lists no forecaster.',
  rows: (n: number) => `The newest ${n} rows`,
  interval: (seconds: number) =>
    `One row every ${steps(seconds)}, the newest at the bottom. Tags are in their units.`,
  fromLive: 'Live plant',
  fromLiveHint: 'The newest rows of the live plant',
  normal: 'Normal',
  escalating: 'Escalating pressure',
  escalatingHint: (tag: string) => `${tag} rises from normal to beyond its upper limit`,
  noEscalation: 'No tag of this plant has an upper limit.',
  clear: 'Clear',
  file: 'Open CSV …',
  paste:
    'Paste a block into any cell, or drop a CSV file here. With a heading of tags it fills the whole table.',
  when: 'Row',
  newest: 'newest',
  ago: (seconds: number) => `−${steps(seconds)}`,
  cell: (tag: string, when: string) => `${tag}, ${when}`,
  send: 'Forecast',
  sending: 'Forecasting …',
  mendFirst: (n: number) => (n === 1 ? 'One cell must be mended first.' : `${n} cells must be mended first.`),
  result: 'Forecast',
  within: (hours: number) => `Within ${hours} h`,
  beyond: (tags: string) =>
    `The newest row is beyond a limit now: ${tags}. A forecast says whether another alarm begins, not that this one is there.`,
  nothingYet: 'Fill the table, then forecast.',
  taken: (n: number) => (n === 1 ? '1 row taken.' : `${n} rows taken.`),
  newestOf: (n: number, all: number) => `The newest ${n} of ${all} rows taken.`,
  tooLarge: 'The file is larger than 5 MB.',
  allEmpty: 'At least one value is needed.'
} as const;
