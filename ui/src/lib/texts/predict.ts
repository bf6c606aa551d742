/** Words of the page that scores one row of values; the forecast shares some. */
export const predict = {
  values: 'Values',
  result: 'Result',
  before: 'History before these values',
  befores: {
    steady: 'constant for 72\u00a0h',
    live: 'the live plant’s last 72 h',
    unknown: 'unknown'
  },
  beforeHints: {
    steady: 'The plant has been at these values for 72\u00a0h.',
    live: 'The values are the newest hour of the live plant.',
    unknown: 'Means, slopes and deviations are set to their training medians: the risk is unreliable.'
  },
  byItself: 'Each reading of this plant is scored on its own.',
  noLive: 'Another plant is live, or there are no readings yet.',
  normal: 'Normal',
  normalHint: 'Midpoint of each normal band',
  highRisk: 'High risk',
  highRiskHint: 'Beyond the outermost alarm limit of every tag that has one',
  clear: 'Clear',
  send: 'Predict',
  sending: 'Predicting …',
  hint: (normal: string, range: string) => `${normal} · ${range}`,
  normalBand: (low: string, high: string) => `normal ${low} to ${high}`,
  noBand: 'no normal band',
  range: (low: string, high: string) => `valid ${low} to ${high}`,
  median: 'Empty inputs are set to their training medians.',
  unusedTag: 'Not used by any model.',
  offBand: 'outside',
  notNumber: 'Not a number.',
  offRange: (low: string, high: string, unit: string) => `Must be ${low} to ${high} ${unit}.`,
  allEmpty: 'Enter at least one value.',
  mendFirst: (n: number) => (n === 1 ? 'Correct 1 value first.' : `Correct ${n} values first.`),
  paste: 'Paste a row of CSV',
  pasteHint:
    'A header with tags and one row, or one row in the order below. Separated by tabs, semicolons or commas.',
  take: 'Fill in',
  taken: (n: number) => (n === 1 ? '1 value filled in.' : `${n} values filled in.`),
  order: (tags: string) => `Order: ${tags}`,
  nothingYet: 'Enter values or choose a preset, then predict.',
  stored: 'stored in your history',
  by: (model: string, version: number) => `${model}, version ${version}`
} as const;

export const risk = {
  now: 'Risk now',
  threshold: (value: string) => `threshold ${value}`,
  band: (low: string, high: string) => `90 % interval ${low} to ${high}`,
  score: 'score, not a calibrated probability',
  byRule: 'Alarm: an alarm rule is met, regardless of the model’s score.',
  confidence: {
    reduced: 'Reduced confidence: a signal is bad.',
    none: 'No confidence: most inputs are missing. A low score means nothing.'
  },
  rules: 'Alarm rules met',
  noRules: 'No alarm rule is met.',
  noRulesKnown: 'No given value meets an alarm rule.',
  badSignal: (name: string, value: string, low: string, high: string) =>
    `Bad signal: ${name} ${value} is outside ${low} to ${high}, treated as missing.`,
  countsAsCrossed: (names: string) =>
    `Counts as met or crossed until a valid value shows otherwise: ${names}.`,
  unused: 'Entered, but not used by this model',
  imputed: (n: number) =>
    n === 1
      ? '1 missing input was set to its training median'
      : `${n} missing inputs were set to their training medians`,
  complete: 'No input was missing.',
  allOf: (tag: string) => `all of ${tag}`
} as const;

export const why = {
  title: 'Contributions',
  towardsAlarm: 'towards alarm',
  towardsNormal: 'towards normal',
  tag: 'Tag',
  contribution: 'Contribution',
  features: (tag: string) => `Features of ${tag}`,
  value: 'value',
  rest: (n: number) => `${n} smaller ones`,
  base: (base: string, output: string, space: string) =>
    `From ${base} at the training medians to ${output} here (${space}).`,
  spaces: { log_odds: 'log odds', score: 'score' },
  none: 'Shown with a result.',
  importance: 'Feature importance of the model',
  share: 'Share',
  rows: (n: number) => `Mean absolute contribution over ${n} training rows, as shares.`
} as const;

export const csv = {
  empty: 'Nothing was pasted.',
  noRows: 'There is a header, but no row below it.',
  unknown: (place: number, name: string) => `Column ${place} “${name}” is not a tag of this plant.`,
  twice: (name: string) => `Column “${name}” appears twice.`,
  count: (line: number, got: number, expected: number) =>
    `Line ${line} has ${got} columns; ${expected} were expected, in the order of the tags, or a header above.`,
  cells: (line: number, got: number, expected: number) =>
    `Line ${line} has ${got} columns, its header ${expected}.`,
  noNumber: (line: number, column: string, text: string) =>
    `Line ${line}, column ${column}: “${text}” is not a number.`,
  more: (n: number) => `… and ${n} more.`
} as const;
