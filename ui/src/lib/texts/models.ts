/** Words of the page of models. */
export const models = {
  sides: {
    title: 'Champion and challenger',
    champion: 'Champion',
    challenger: 'Challenger',
    waits: 'not serving; scored alongside the champion until promoted',
    noChampion: 'No champion yet: no model is serving for this plant. The first run trains one.',
    newestServes: 'No challenger: the newest version is serving.',
    notChosen: (newest: number, champion: number) =>
      `No challenger: version ${newest} is the newest, version ${champion} is champion. Any version can be promoted below.`,
    noVersion: 'No challenger, and no champion.',
    version: (version: number) => `version ${version}`,
    algorithm: 'Algorithm',
    made: 'Created',
    data: 'Data',
    from: 'Source',
    dagster: 'Dagster run',
    byHand: 'published manually',
    ownRows: 'Each on its own test rows; the promotion gate compares both on the same rows.',
    figure: 'PR-AUC with 90 % interval'
  },
  gate: {
    title: 'Promotion gate',
    none: 'No comparison: there was no champion when this report was made.',
    yes: 'passed',
    no: 'failed',
    notAsked: 'not applicable',
    same: (challenger: string, champion: string, gain: string, events: string) =>
      `On the same rows with ${events} events: PR-AUC ${challenger}, champion ${champion}, gain ${gain}.`
  },
  move: {
    promote: (version: number) => `Promote version ${version}`,
    rollback: (version: number) => `Roll back to version ${version}`,
    rollbackNone: 'There is no previous champion to roll back to.',
    sure: (before: number | null, after: number) =>
      before === null
        ? `Version ${after} becomes champion and is serving within seconds.`
        : `Version ${after} replaces version ${before} within seconds, without failed requests. A rollback undoes it.`,
    sureRefused: 'The promotion gate failed.',
    confirm: 'Confirm',
    moving: 'Working …',
    moved: (after: number) => `Version ${after} is champion; waiting until it is serving …`,
    swapped: (after: number, by: string) => `Version ${after} is serving${by && ` (changed by ${by})`}.`
  },
  versions: {
    title: (count: number) => `All ${count} versions`,
    caption: 'Versions of the champion model, newest first',
    version: 'Version',
    action: 'Action',
    unloadable: (why: string) => `can’t be loaded: ${why}`
  },
  table: {
    title: 'All models',
    caption: 'All models of the plant and the versions that are serving',
    model: 'Model',
    question: 'Target',
    version: 'Serving',
    alias: 'Alias',
    state: 'State',
    algorithm: 'Algorithm',
    data: 'Data',
    since: 'Loaded',
    versions: 'Versions',
    none: 'No model is registered for this plant yet. Drop an export on the Data page: the first run trains them.',
    nothing: 'none'
  },
  states: {
    ready: 'serving',
    stale: 'serving; a newer version failed to load',
    failed: 'failed to load',
    loading: 'loading',
    absent: 'not serving',
    unknown: 'unknown: inference does not respond'
  },
  questions: {
    nowcast: 'alarm now',
    anomaly: 'anomaly',
    regime: 'operating regime: normal, transition or alarm',
    deviation: 'set-point deviation within 1 h',
    onset: (hours: number) => `alarm starts within ${hours} h`,
    unknown: '–'
  },
  figures: {
    title: 'Performance against trivial baselines',
    horizon: 'Target',
    figure: 'Metric',
    now: 'alarm now',
    within: (hours: number) => `within ${hours} h`,
    names: {
      pr_auc: 'PR-AUC',
      roc_auc: 'ROC-AUC',
      brier: 'Brier score',
      recall: 'event recall',
      lead: 'lead time (h)',
      false_hours: 'false alarm hours per day',
      false_episodes: 'false alarms per day'
    },
    better: { high: 'Higher is better', low: 'Lower is better' },
    chance: (share: string) => `Chance level ${share}.`,
    events: (n: number, few: boolean) => `${n} events${few ? ': few, so intervals are wide' : ''}`,
    model: 'model',
    baseline: 'trivial baseline',
    plot: (figure: string, hours: string) => `${figure} with 90 % intervals, ${hours}`,
    value: (value: string, low: string, high: string) => `${value} (${low} to ${high})`,
    judged: (version: number, alias: string) =>
      `“champion” is version ${version} here${alias && `, the ${alias}`}.`,
    notLive:
      'Persistence repeats the true state of the hour before, which is unknown in operation: models are not compared with it here.',
    none: 'This metric is not defined for this target.',
    noLabels:
      'This plant’s data has no labels, so performance can’t be measured. The report lists the trained models and the flagged rows.'
  },
  calibration: {
    title: 'Calibration',
    of: 'Of model',
    predicted: 'predicted probability',
    observed: 'observed frequency',
    alt: (model: string) =>
      `Reliability diagram of ${model}: observed frequency of alarms over predicted probability; on the diagonal both are equal.`,
    bin: (predicted: string, observed: string, count: number) =>
      `predicted ${predicted}, observed ${observed}, ${count} rows`,
    none: 'No probabilities, so no calibration.',
    hint: 'On the diagonal both are equal. Larger dots: more rows.'
  },
  report: {
    title: 'Validation report',
    which: 'Version',
    newest: 'newest',
    show: 'Show full report',
    hide: 'Hide report',
    frame: 'Validation report',
    made: 'created',
    data: (rows: number) => `${rows} rows of data`,
    to: 'to',
    mlflow: 'Open MLflow'
  },
  away: 'Serving models are not affected; only this page is incomplete.'
} as const;
