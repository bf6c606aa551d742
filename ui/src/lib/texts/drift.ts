/** Words of the panel of drift. */
export const drift = {
  title: 'Drift since training',
  never: 'Not evaluated yet. The first readings after a training start the evaluation.',
  against: (model: string, version: number) => `Reference: ${model.replaceAll('_', ' ')} version ${version}`,
  trained: 'Training data',
  compared: 'Recent data',
  to: 'to',
  rows: (rows: number) => `${rows} rows`,
  labels: 'Training labels',
  labelAge: (days: string, limit: string) => `age ${days} (limit ${limit})`,
  labelsLate: 'too old',
  caption: 'Tags and scores: recent rows compared with the training data',
  tag: 'Tag or score',
  state: 'State',
  psi: 'PSI',
  chance: 'KS or shift',
  significance: 'Significance',
  limit: 'Limit',
  shares: 'Distribution',
  counted: 'Effective sample size',
  since: 'Since',
  states: {
    drift: 'drift',
    steady: 'no drift',
    instrument: 'instrument fault',
    too_few: 'too few rows'
  },
  score: 'score',
  statistics: { psi: '', ks: 'KS ', shift: 'shift ' },
  value: (statistic: string, value: string) => `${statistic}${value}`,
  significant: 'significant',
  notSignificant: 'not significant',
  hints: {
    psi: 'Population stability index: 0 is no change. The line is the limit.',
    chance:
      'Kolmogorov-Smirnov distance, or the shift of the mean in standard deviations where that is clearer; above the limit the difference is significant. A drift is reported if both PSI and this are above their limits.',
    instrument: 'Too few rows are left: readings that are frozen, stale, held or saturated are excluded.',
    too_few: 'Neighbouring rows are autocorrelated: the effective sample size is too small.'
  },
  sample: (effective: string, rows: number, excluded: number) =>
    `${effective} (${rows} rows${excluded > 0 ? `, ${excluded} excluded: stale or frozen` : ''})`,
  sampleHint: 'Number of independent rows that the autocorrelated ones are equivalent to',
  seasons: { day: 'same hours of the day compared', week: 'same days of the week compared' },
  picture: (name: string) =>
    `${name}: distribution of the training data, wide and pale, and of recent rows, narrow and dark, from low to high values`,
  retraining: 'Retraining',
  nothing: 'Not needed.',
  due: 'It will be requested when no run of the plant is active.',
  cause: 'Cause',
  cooling: 'Cool-down:',
  nextFrom: 'next request possible from the reading of',
  asked: 'Last requested with the reading of',
  run: 'its run',
  runStates: {
    waiting: 'is queued',
    running: 'is running',
    done: 'is done',
    failed: 'has failed',
    canceled: 'was canceled'
  },
  missing: 'The time of the last retraining request is unknown.'
} as const;
