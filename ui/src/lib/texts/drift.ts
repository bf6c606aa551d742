/** Words of the panel of drift. */
export const drift = {
  title: 'Drift since the training',
  never: 'Not judged yet: the first readings after a training are.',
  against: (model: string, version: number) =>
    `Judged against ${model.replaceAll('_', ' ')} version ${version}`,
  trained: 'Learned from',
  compared: 'Compared',
  to: 'to',
  rows: (rows: number) => `${rows} rows`,
  labels: 'Labels learned from',
  labelAge: (days: string, limit: string) => `${days} old; at most ${limit}`,
  labelsLate: 'too old',
  caption: 'Tags and scores: how far the newest rows lie from what the model learned',
  tag: 'Tag or score',
  state: 'State',
  psi: 'How much it matters (PSI)',
  chance: 'Beyond chance',
  shares: 'Shares',
  counted: 'Rows',
  since: 'Since',
  states: {
    drift: 'drift',
    steady: 'steady',
    instrument: 'instrument',
    too_few: 'too few rows'
  },
  score: 'score',
  value: (value: string, limit: string) => `${value} of ${limit}`,
  notCompared: 'not compared',
  hints: {
    psi: 'Population stability index: 0 where nothing changed. The line is the least that matters.',
    chance:
      'Kolmogorov-Smirnov distance, or the shift of the mean where that is clearer, over what comes by chance; beyond the line it is more. Both bars must pass their line.',
    instrument: 'Frozen, stale, held or saturated readings are no drift: too few rows can be trusted.',
    too_few: 'Neighbouring rows are so alike that these are worth too few independent ones.'
  },
  untrusted: (rows: number) => `${rows} not trusted`,
  worth: (rows: string) => `worth ${rows}`,
  worthHint: 'Independent rows that the compared ones are worth',
  seasons: { day: 'same hours of the day compared', week: 'same days of the week compared' },
  picture: (name: string) =>
    `${name}: shares learned from, wide and pale, and newest ones, narrow and dark, from low to high values`,
  retraining: 'Training',
  nothing: 'Nothing asks for one.',
  due: 'One is asked for as soon as no run of the plant goes on.',
  cause: 'Cause',
  cooling: 'It cools down:',
  nextFrom: 'may be asked for again from this reading on',
  asked: 'Last asked for with the reading of',
  run: 'its run',
  runStates: {
    waiting: 'waits',
    running: 'goes on',
    done: 'is done',
    failed: 'failed',
    canceled: 'was cancelled'
  },
  missing: 'When a training was asked for last isn’t known.'
} as const;
