/** Words of the load lab. */
export const load = {
  plan: 'What to send',
  kinds: {
    batches: 'Batches',
    stream: 'Streaming',
    concurrent: 'Concurrent bursts',
    sustained: 'Sustained bursts'
  },
  told: {
    batches: 'Each batch is sent at once; the next one when all of it is answered.',
    stream: 'By the clock, answered or not; a request’s time counts from when it should have been sent.',
    concurrent: 'In each cycle all workers send their requests one after another; then a second’s rest.',
    sustained: 'In each cycle all workers send without a pause for some seconds; then a second’s rest.'
  },
  kind: 'Kind',
  fields: {
    batches: 'Batches',
    size: 'Requests a batch',
    perSecond: 'Requests a second',
    seconds: 'Seconds',
    workers: 'Workers',
    cycles: 'Cycles',
    each: 'Requests a worker'
  },
  whole: 'A whole number of 1 or more.',
  most: (n: number) => `At most ${n}.`,
  tooMany: (n: number, most: number) => `${n} requests; at most ${most}.`,
  tooLong: (n: number, most: number) => `${n} s; at most ${most} s.`,
  body: 'Each request is one row of normal values; nothing is kept in the history.',
  browser:
    'A browser keeps six connections to one address, one of them for live events: what is sent beyond five at a time waits in the browser, and the wait counts.',
  start: 'Start',
  stop: 'Stop',
  running: (sent: number, total: number | null) =>
    total === null ? `${sent} sent` : `${sent} of ${total} sent`,
  progress: 'Progress',
  result: 'Result',
  nothingYet: 'Choose what to send, then start.',
  stopped: 'Stopped before the end.',
  sent: 'Sent',
  ok: 'Answered',
  errors: 'Failed',
  unanswered: 'Unanswered',
  rate: 'Answers / s',
  mean: 'Mean',
  ms: (value: string) => `${value} ms`,
  histogram: 'Latency',
  histogramTold: (n: number) => `How many of ${n} answers took how long.`,
  bin: 'Latency up to',
  answers: 'Answers',
  errorKinds: 'Errors by kind',
  servedBy: 'Who answered',
  instance: 'Process',
  unknownInstance: 'not said',
  noAnswer: 'no answer',
  extreme: 'Inject an extreme reading',
  extremeTold: (tag: string, value: string, unit: string, high: string) =>
    `${tag} = ${value} ${unit}, where ${high} is the most that can be true, after 72 normal hours; all else normal.`,
  noExtreme: 'This plant has no tags.',
  inject: 'Inject',
  injecting: 'Injecting …',
  injected: 'Nothing was sent yet.'
} as const;
