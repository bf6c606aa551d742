/** Words of the page that scores one row of values; the forecast shares some. */
export const predict = {
  values: 'Values',
  result: 'Result',
  before: 'Before these values',
  befores: {
    steady: 'the same for 72 h',
    live: 'the live plant’s last 72 h',
    unknown: 'nothing is known'
  },
  beforeHints: {
    steady: 'A plant that has stood at these values for three days.',
    live: 'The values are the newest hour of the live plant.',
    unknown: 'Means, slopes and spreads stand at their training medians: the risk says little.'
  },
  byItself: 'This plant’s readings are judged one by one.',
  noLive: 'The live plant is another one, or has no readings yet.',
  normal: 'Normal',
  normalHint: 'The middle of each normal band',
  highRisk: 'High risk',
  highRiskHint: 'Beyond the outermost limit of every tag that has one',
  clear: 'Clear',
  send: 'Predict',
  sending: 'Predicting …',
  hint: (normal: string, range: string) => `${normal} · ${range}`,
  normalBand: (low: string, high: string) => `normal ${low} to ${high}`,
  noBand: 'no normal band',
  range: (low: string, high: string) => `can be ${low} to ${high}`,
  median: 'Empty: the training medians stand in.',
  unusedTag: 'No model looks at it.',
  offBand: 'outside',
  notNumber: 'This is no number.',
  offRange: (low: string, high: string, unit: string) => `Can only be ${low} to ${high} ${unit}.`,
  allEmpty: 'At least one value is needed.',
  mendFirst: (n: number) =>
    n === 1 ? 'One value must be mended first.' : `${n} values must be mended first.`,
  paste: 'Paste a row of CSV',
  pasteHint:
    'A heading with tags and one row, or one row in the order below. Separated by tabs, semicolons or commas.',
  take: 'Fill in',
  taken: (n: number) => (n === 1 ? '1 value filled in.' : `${n} values filled in.`),
  order: (tags: string) => `Order: ${tags}`,
  nothingYet: 'Fill in values, or take a preset, then predict.',
  stored: 'Kept in your history',
  by: (model: string, version: number) => `${model}, version ${version}`
} as const;

export const risk = {
  now: 'Risk now',
  ahead: (hours: number) => `+${hours} h`,
  threshold: (value: string) => `alarm at ${value}`,
  noThreshold: 'no threshold: the model alone never alarms',
  band: (low: string, high: string) => `90 % band ${low} to ${high}`,
  score: 'score, not a probability',
  told: {
    act: 'At or above the alarm threshold.',
    watch: 'Below the threshold, but more than half of it.',
    unlikely: 'Well below the alarm threshold.',
    unknown: 'There is no threshold to judge it by.'
  },
  byRule: 'An alarm by a hard limit, whatever the model says.',
  rules: 'Limits that are crossed',
  noRules: 'No hard limit is crossed.',
  outOfRange: 'Can’t be true, taken as missing',
  unused: 'Given, but this model doesn’t look at it',
  imputed: (n: number) => `${n} of the model’s inputs are unknown, training medians stand in`,
  complete: 'All of the model’s inputs were known.',
  allOf: (tag: string) => `all of ${tag}`
} as const;

export const why = {
  title: 'Why',
  towardsAlarm: 'towards alarm',
  towardsNormal: 'towards normal',
  tag: 'Tag',
  contribution: 'Contribution',
  features: (tag: string) => `Features of ${tag}`,
  value: 'value',
  rest: (n: number) => `${n} more, smaller`,
  base: (base: string, output: string, space: string) =>
    `From ${base} at the medians to ${output} here (${space}).`,
  spaces: { log_odds: 'log odds', score: 'score' },
  none: 'It comes with a result.',
  importance: 'What the model looks at in general',
  share: 'Share',
  rows: (n: number) => `Mean size of contributions over ${n} training rows, as shares.`
} as const;

export const csv = {
  empty: 'Nothing was pasted.',
  noRows: 'There is a heading, but no row below it.',
  unknown: (place: number, name: string) => `Column ${place} “${name}” is no tag of this plant.`,
  twice: (name: string) => `Column “${name}” stands there twice.`,
  count: (line: number, got: number, expected: number) =>
    `Line ${line} has ${got} columns; ${expected} were expected, in the order of the tags, or a heading above.`,
  cells: (line: number, got: number, expected: number) =>
    `Line ${line} has ${got} columns, its heading ${expected}.`,
  noNumber: (line: number, column: string, text: string) =>
    `Line ${line}, column ${column}: “${text}” is no number.`,
  more: (n: number) => `… and ${n} more.`
} as const;
