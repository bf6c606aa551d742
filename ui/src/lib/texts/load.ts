/** Words of the load lab. */
export const load = {
  plan: 'Load plan',
  kinds: {
    batches: 'Batches',
    stream: 'Streaming',
    concurrent: 'Concurrent bursts',
    sustained: 'Sustained bursts'
  },
  told: {
    batches: 'Each batch is sent at once; the next one when all its responses have arrived.',
    stream:
      'Open loop: sent by the clock, whether or not responses have arrived; latency counts from the scheduled time.',
    concurrent: 'In each cycle all workers send their requests one after another; then 1 s pause.',
    sustained: 'In each cycle all workers send without a pause for some seconds; then 1 s pause.'
  },
  kind: 'Kind',
  fields: {
    batches: 'Batches',
    size: 'Requests per batch',
    perSecond: 'Requests per second',
    seconds: 'Seconds',
    workers: 'Workers',
    cycles: 'Cycles',
    each: 'Requests per worker',
    readings: 'Readings per request',
    anomalies: 'Anomalous readings (%)'
  },
  share: 'Enter 0 to 100.',
  newConnections: 'Open a new connection for each request',
  readings: 'Readings and anomalies',
  readingsTold: (tag: string, count: number, anomalies: number) =>
    `${tag}: ${count} readings, ${anomalies} of them anomalies.`,
  readingsNote: (count: number, most: number) =>
    `The newest ${count} readings (at most ${most}), oldest left.`,
  anomalies: (count: number) => `anomaly: ${count}`,
  noReadings: 'Shown once a load has started.',
  reading: 'reading',
  anomaly: 'anomaly',
  whole: 'Enter a whole number of 1 or more.',
  most: (n: number) => `At most ${n}.`,
  tooMany: (n: number, most: number) => `${n} requests; at most ${most}.`,
  tooLong: (n: number, most: number) => `${n} s; at most ${most} s.`,
  body: 'Each request is one row of normal values; nothing is stored in the history.',
  bodyReadings:
    'Each request holds readings drawn from the normal bands; the anomalous ones have one value beyond its limits. Nothing is stored in the history.',
  browser:
    'A browser opens six connections to one address, one of them for live events: with more than five requests at a time the rest queue in the browser, and latency includes the queueing.',
  start: 'Start',
  stop: 'Stop',
  running: (sent: number, total: number | null) =>
    total === null ? `${sent} sent` : `${sent} of ${total} sent`,
  progress: 'Progress',
  result: 'Result',
  nothingYet: 'Choose a load plan, then start.',
  stopped: 'Stopped before the end.',
  sent: 'Sent',
  ok: 'Succeeded',
  errors: 'Failed',
  unanswered: 'Pending',
  rate: 'Responses / s',
  mean: 'Mean',
  ms: (value: string) => `${value} ms`,
  histogram: 'Latency',
  histogramTold: (n: number) => `Latency distribution of ${n} responses.`,
  bin: 'Latency up to',
  answers: 'Responses',
  errorKinds: 'Errors by kind',
  servedBy: 'Served by',
  instance: 'Process',
  unknownInstance: 'unknown',
  noAnswer: 'no response',
  extreme: 'Inject an extreme reading',
  extremeTold: (tag: string, value: string, unit: string, high: string) =>
    `${tag} = ${value} ${unit}, beyond its valid maximum of ${high}; all other tags normal.`,
  extremeAfter: (tag: string, value: string, unit: string, high: string) =>
    `${tag} = ${value} ${unit}, beyond its valid maximum of ${high}, after 72 h of normal values; all other tags normal.`,
  noExtreme: 'This plant has no tags.',
  inject: 'Inject',
  injecting: 'Injecting …',
  injected: 'Not injected yet.'
} as const;
