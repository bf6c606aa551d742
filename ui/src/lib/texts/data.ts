/** Words of the page of drops and runs. */
export const data = {
  drop: {
    title: 'Upload exports',
    choose: 'Choose files',
    invite: 'or drop them here',
    now: 'Release to read',
    rules: (extensions: string, most: string) =>
      `${extensions}, at most ${most} each. You see what each file means before you upload it. A file is accepted or rejected as a whole.`,
    toPlant: (title: string) => `Uploads go to ${title}.`,
    tooLarge: (most: string) => `The file is larger than ${most}.`,
    extension: (extensions: string) => `Expected a file name that ends in ${extensions}.`,
    empty: 'The file is empty.',
    list: 'Uploads of this session',
    waiting: 'queued',
    sending: (percent: number) => `uploading, ${percent} %`,
    done: 'uploaded; its state appears below within seconds',
    stop: 'Stop',
    stopped: 'stopped; nothing was stored',
    retry: 'Try again'
  },
  preview: {
    list: 'Files to confirm',
    states: {
      waiting: 'queued',
      reading: 'Reading …',
      read: 'can be uploaded',
      rejected: 'would be rejected; it cannot be uploaded',
      failed: 'no preview; the file can still be uploaded'
    },
    upload: 'Upload',
    uploadOf: (file: string) => `Upload ${file}`,
    uploadAll: (files: number) => `Upload all (${files})`,
    cancel: 'Cancel',
    cancelOf: (file: string) => `Cancel ${file}`,
    remove: 'Remove',
    removeOf: (file: string) => `Remove ${file}`,
    again: 'Read again',
    layout: 'Layout',
    layouts: {
      wide: 'one column per tag',
      long: 'one row per value',
      per_tag: 'a time column per tag',
      periods: 'operator log'
    },
    contents: 'Contents',
    records: (records: string, tags: number) =>
      `${records} records of ${tags} ${tags === 1 ? 'tag' : 'tags'}`,
    periods: (periods: number) => `${periods} operator ${periods === 1 ? 'period' : 'periods'}`,
    span: 'Period',
    to: 'to',
    in: (zone: string) => `(${zone})`,
    zone: 'Time zone of the file',
    zoned: 'each time has its offset',
    labels: 'Columns of labels',
    guessed: 'Assumed',
    notes: 'Notes',
    unread: (columns: number) => `All ${columns} columns that are not read`,
    table: (file: string) => `Tags of ${file}`,
    tags: (tags: number) => `Values of each tag (${tags})`,
    columns: {
      tag: 'Tag',
      records: 'Records',
      uncertain: 'Uncertain',
      bad: 'Bad',
      missing: 'Missing',
      dropped: 'Dropped',
      min: 'Min',
      max: 'Max',
      first: 'First',
      last: 'Last'
    },
    meaning: {
      records: 'records that are kept',
      uncertain: 'kept records of uncertain quality',
      bad: 'left out: bad quality',
      missing: 'cells without a value',
      dropped: 'left out: out of range, infinite, or a code for no value'
    }
  },
  files: {
    title: 'Recent drops',
    caption: 'Dropped files, newest first',
    file: 'File',
    state: 'State',
    size: 'Size',
    rows: 'Records',
    seen: 'First seen',
    changed: 'State since',
    details: 'Details',
    open: (file: string) => `Details of ${file}`,
    none: 'No file was dropped for this plant yet. Upload an export above, or copy one into its drop folder.',
    away: 'The data shown may be out of date.',
    noRun: 'Its run is no longer among the most recent ones.',
    attempt: (n: number) => `attempt ${n}`
  },
  states: {
    waiting: 'waiting',
    running: 'ingesting',
    ingested: 'ingested',
    quarantined: 'quarantined',
    failed: 'failed',
    superseded: 'superseded'
  },
  refusal: {
    correct: 'Correct the file and choose it again.',
    nothingKept: 'None of its records are in the history. Correct the file and drop it again.',
    what: 'Problem',
    place: 'Location',
    whole: 'whole file',
    expected: 'Expected',
    code: 'Error code',
    kept: 'Quarantined as'
  },
  export: {
    title: 'Export as CSV',
    writing: 'Writing …',
    holds: {
      cleaned_dataset: "readings on the plant's grid, with quality flags",
      labeled_dataset: 'the same with anomaly_label, regime and label_source',
      model_results: "each row with every model's out-of-fold score and decision"
    }
  },
  checks: {
    title: 'Checks',
    none: 'No check has run yet.',
    passed: 'passed',
    warned: 'warning',
    failed: 'failed',
    summary: (passed: number, all: number) => `${passed} of ${all} passed`
  },
  run: {
    title: 'Run',
    which: 'Shown run',
    none: 'No run yet. A run starts seconds after a file was dropped.',
    dagster: 'Open in Dagster',
    away: 'Uploads still work; only their progress is unknown.',
    begun: 'started',
    states: { waiting: 'queued', running: 'running', done: 'done', failed: 'failed', canceled: 'canceled' },
    stepStates: {
      waiting: 'pending',
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
      live: 'Serving'
    }
  }
} as const;
