/** Words of the page of models. */
export const models = {
  sides: {
    title: 'Champion and challenger',
    champion: 'Champion',
    challenger: 'Challenger',
    answers: 'It answers now.',
    waits: 'It waits. It is scored beside the champion until it is promoted.',
    noChampion: 'No champion yet: nothing answers for this plant. A first run makes one.',
    noChallenger: 'No challenger waits: the newest version answers.',
    version: (version: number) => `version ${version}`,
    algorithm: 'Algorithm',
    made: 'Made',
    data: 'Data',
    from: 'From',
    mlflow: 'MLflow run',
    dagster: 'Dagster run',
    byHand: 'published by hand',
    ownRows: 'Each on its own test rows; the gate compares both on the same ones.',
    figure: 'PR-AUC with its 90 % interval'
  },
  gate: {
    title: 'The gate’s word',
    none: 'The gate has nothing to compare: no champion stood when this report was made.',
    yes: 'holds',
    no: 'does not hold',
    notAsked: 'does not apply',
    same: (challenger: string, champion: string, gain: string, events: string) =>
      `On the same rows with ${events} events: PR-AUC ${challenger} against the champion’s ${champion}, a gain of ${gain}.`
  },
  move: {
    promote: (version: number) => `Promote version ${version}`,
    rollback: (version: number) => `Roll back to version ${version}`,
    rollbackFirst: 'Roll back',
    rollbackNone: 'There is no earlier champion to roll back to.',
    onlyEngineers: 'Promoting and rolling back is for accounts with the role engineer and above.',
    sure: (before: number | null, after: number) =>
      before === null
        ? `Version ${after} becomes champion and answers within seconds.`
        : `Version ${after} takes over from version ${before} within seconds. No request fails. This can be undone by rolling back.`,
    sureRefused: 'The gate does not recommend it.',
    confirm: 'Yes, move it',
    moving: 'Moving …',
    moved: (after: number) => `Version ${after} is champion; waiting until it answers …`,
    swapped: (after: number, by: string) => `Version ${after} answers now${by && ` (moved by ${by})`}.`
  },
  table: {
    title: 'All models',
    caption: 'All models of the plant: which version answers',
    model: 'Model',
    question: 'Question',
    version: 'Answers',
    alias: 'Alias',
    state: 'State',
    algorithm: 'Algorithm',
    data: 'Data',
    since: 'Since',
    versions: 'Versions',
    newest: 'newest',
    none: 'No model is registered for this plant yet. Drop an export on the Data page: the first run trains them.',
    nothing: 'none',
    unknown: 'not known'
  },
  states: {
    ready: 'answers',
    stale: 'answers; a newer one could not be loaded',
    failed: 'failed to load',
    loading: 'is being loaded',
    absent: 'not there',
    unknown: 'inference does not tell'
  },
  questions: {
    nowcast: 'alarm now',
    anomaly: 'unlike normal',
    regime: 'normal, transition or alarm',
    deviation: 'set-point deviation in the next hour',
    onset: (hours: number) => `an alarm starts within ${hours} h`,
    unknown: '–'
  },
  figures: {
    title: 'Figures beside trivial baselines',
    horizon: 'Question',
    figure: 'Figure',
    now: 'alarm now',
    within: (hours: number) => `within ${hours} h`,
    names: {
      pr_auc: 'PR-AUC',
      roc_auc: 'ROC-AUC',
      brier: 'Brier score',
      recall: 'events found',
      lead: 'lead time (h)',
      false_hours: 'false alarm hours a day',
      false_episodes: 'false alarms a day'
    },
    better: { high: 'Further right is better', low: 'Further left is better' },
    chance: (share: string) => `Chance would give ${share}.`,
    events: (n: number, few: boolean) => `${n} events${few ? ': few, so intervals are wide' : ''}`,
    model: 'model',
    baseline: 'trivial baseline',
    plot: (figure: string, hours: string) => `${figure} with 90 % intervals, ${hours}`,
    value: (value: string, low: string, high: string) => `${value} (${low}–${high})`,
    judged: (version: number, alias: string) =>
      `“champion” is version ${version} here${alias && `, the ${alias}`}.`,
    notLive:
      'Persistence repeats the true state of the hour before, which nobody knows while the plant runs: models aren’t held against it here.',
    none: 'This question has no such figure.',
    noLabels:
      'Nobody has labelled this plant’s data, so nothing can be held against what was true. The report tells what was trained, and what it called unusual.',
    noReport: 'No validation report yet.'
  },
  calibration: {
    title: 'Calibration',
    of: 'Of model',
    predicted: 'predicted probability',
    observed: 'observed share',
    alt: (model: string) =>
      `Reliability of ${model}: observed share of alarms over predicted probability; on the diagonal it says what happens.`,
    bin: (predicted: string, observed: string, count: number) =>
      `predicted ${predicted}, observed ${observed}, ${count} rows`,
    none: 'No probabilities, so nothing to calibrate.',
    hint: 'On the diagonal, 30 % happens in 30 % of cases. The larger the dot, the more rows.'
  },
  report: {
    title: 'Validation report',
    which: 'Of version',
    newest: 'the newest',
    show: 'Show the whole report',
    hide: 'Hide it',
    frame: 'Validation report',
    made: 'made',
    data: (rows: number) => `${rows} rows of data`,
    to: 'to',
    tested: 'tested on',
    mlflow: 'Open MLflow'
  },
  away: 'What still answers is not affected; only what this page shows of it is missing.'
} as const;
