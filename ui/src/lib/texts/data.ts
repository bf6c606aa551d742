/** Words of the page of drops and runs. */
export const data = {
  drop: {
    title: 'Put exports in',
    choose: 'Choose files',
    invite: 'or drop them here',
    now: 'Let go to upload',
    rules: (extensions: string, most: string) =>
      `${extensions}, at most ${most} each. A file is read whole or refused whole.`,
    onlyEngineers: 'Uploads are for accounts with the role engineer and above.',
    toPlant: (title: string) => `They go to ${title}.`,
    tooLarge: (most: string) => `It is larger than ${most}.`,
    extension: (extensions: string) => `Expected a name that ends in ${extensions}.`,
    empty: 'It is empty.',
    list: 'Uploads of this visit',
    waiting: 'waits for the others',
    sending: (percent: number) => `${percent} % sent`,
    done: 'sent; what becomes of it stands below within seconds',
    stop: 'Stop',
    stopped: 'stopped; nothing of it was kept',
    retry: 'Try again'
  },
  files: {
    title: 'Recent drops',
    caption: 'Dropped files, the newest first',
    file: 'File',
    state: 'State',
    size: 'Size',
    rows: 'Records',
    seen: 'Seen',
    changed: 'Since',
    details: 'Details',
    open: (file: string) => `Details of ${file}`,
    none: 'No file was dropped for this plant yet. Put an export in above, or copy one into its drop folder.',
    away: 'What is shown may be out of date.',
    noReason: 'Nothing else to say of it.',
    duplicate: 'nothing new in it',
    noRun: 'Its run is not among the newest ones.',
    attempt: (n: number) => `attempt ${n}`
  },
  states: {
    waiting: 'waiting',
    running: 'being read',
    ingested: 'ingested',
    quarantined: 'quarantined',
    failed: 'failed',
    superseded: 'replaced'
  },
  refusal: {
    title: 'Why it was refused',
    nothingKept: 'Nothing of it is in the history. Mend the file and drop it again.',
    what: 'What is wrong',
    place: 'Where',
    whole: 'the whole file',
    expected: 'Expected',
    code: 'Fault',
    kept: 'Kept as'
  },
  checks: {
    title: 'Checks',
    caption: 'Checks of the run that read it',
    none: 'No check has run yet.',
    passed: 'passed',
    warned: 'look at it',
    failed: 'failed',
    summary: (passed: number, all: number) => `${passed} of ${all} passed`
  },
  run: {
    title: 'Run',
    which: 'Shown run',
    none: 'No run yet. One begins seconds after a file was dropped.',
    dagster: 'Open in Dagster',
    away: 'Files are still taken in or wait; only their progress is not known.',
    begun: 'begun',
    took: 'took',
    states: { waiting: 'queued', running: 'running', done: 'done', failed: 'failed', canceled: 'canceled' },
    stepStates: {
      waiting: 'to come',
      running: 'running',
      done: 'done',
      failed: 'failed',
      skipped: 'skipped'
    },
    notPart: 'not in this run',
    steps: (done: number, all: number) => `${done} of ${all}`,
    sum: (done: number, all: number) => `${done} of ${all} steps`,
    stages: {
      ingest: 'Ingest',
      checks: 'Checks',
      features: 'Features',
      models: 'Models',
      report: 'Validation report',
      live: 'Live'
    }
  }
} as const;
