/** Words of the dashboard. */
export const dashboard = {
  strip: {
    title: 'Risk of an alarm',
    now: 'Now',
    ahead: (hours: number) => `+${hours} h`,
    interval: (low: string, high: string) => `${low}–${high} %`,
    threshold: (at: string) => `act from ${at}`,
    noThreshold: 'no threshold',
    notCalibrated: 'a score, not a probability',
    waiting: 'No row has been scored yet.',
    calm: (chance: string, when: string, threshold: string) =>
      `No alarm in sight. Nearest to its threshold: ${chance} ${when}; act from ${threshold}.`,
    unjudged: (chance: string, when: string) =>
      `The risk is ${chance} ${when}. No threshold is set, so nothing says when to act.`,
    closer: (chance: string, when: string, threshold: string) =>
      `No alarm yet. The risk is ${chance} ${when}; act from ${threshold}.`,
    at: 'now',
    within: (hours: number) => `within ${hours} h`,
    worst: (word: string, when: string, numbers: string) => `Alarm ${word} ${when} (${numbers})`,
    likely: 'likely',
    possible: 'possible',
    rule: (what: string, since: string) => `Limit crossed ${since}: ${what}`,
    lingers: (id: number, chance: string, when: string, threshold: string) =>
      `Warning ${id} stays open: ${chance} ${when}, act from ${threshold}.`,
    open: (said: string, id: number) => `${said}, warning ${id}`,
    rising: (tag: string, by: string, value: string) =>
      `Driven most by ${tag}, rising ${by}/h, now ${value}.`,
    falling: (tag: string, by: string, value: string) =>
      `Driven most by ${tag}, falling ${by}/h, now ${value}.`,
    steady: (tag: string, value: string) => `Driven most by ${tag}, steady at ${value}.`,
    unscored: (since: string, why: string) => `No forecast since ${since}${why ? `: ${why}` : ''}.`,
    stale: (since: string, age: string) => `No reading for ${age}. What is shown is of ${since}.`
  },
  indicators: {
    title: 'Indicators',
    add: 'Add to the trend',
    remove: 'Remove from the trend',
    states: { LL: 'below LL', L: 'below L', H: 'above H', HH: 'above HH' },
    qualities: {
      good: '',
      held: '',
      stale: 'stale',
      frozen: 'frozen',
      saturated: 'saturated',
      missing: 'missing'
    },
    none: 'This plant has no tags to show.'
  },
  trend: {
    title: 'Trend',
    hours: 'Span',
    back: (hours: number) => (hours < 48 ? `${hours} h` : `${hours / 24} d`),
    follow: 'Follow',
    zoomed: 'Zoomed',
    risk: 'Risk now, and ahead of now',
    riskUnit: '%',
    rows: {
      ahead: (hours: number) => `+${hours} h`,
      warnings: 'warned',
      operator: 'judged'
    },
    now: 'now',
    warning: (id: number, hours: number) => `${id}${hours ? ` +${hours} h` : ' now'}`,
    judged: (id: number) => `judged true (${id})`,
    keys: 'Arrow keys move the cursor, Shift and arrow keys the time, Escape follows the present again. Drag zooms, double-click resets, the wheel moves.',
    cursor: 'Values at the cursor',
    time: 'Plant time',
    horizons: 'Forecasts and spans: +1, +3, +6 h, warnings, judged periods',
    empty: 'Choose a tag on the left to see its trend.',
    close: (tag: string) => `Remove ${tag}`,
    show: 'Show trend',
    hide: 'Hide trend'
  },
  drivers: {
    title: 'Why',
    of: 'Risk now, at',
    towardsAlarm: 'towards alarm',
    towardsNormal: 'towards normal',
    alarmEnd: 'alarm →',
    normalEnd: '← normal',
    features: (tag: string) => `Features of ${tag}`,
    value: 'value',
    none: 'Nothing moves it.',
    away: 'What moves the risk isn’t known now.'
  },
  checks: {
    title: 'What to check',
    none: 'Nothing: no advice fits these values.',
    away: 'Advice can’t be had now.'
  },
  warnings: { title: 'Active warnings', none: 'None.', shelved: (n: number) => `${n} shelved` },
  plant: {
    title: 'Simulation',
    scenario: 'Scenario',
    speed: 'Speed',
    hours: (speed: number) => (speed === 0 ? 'stands still' : `${speed} h/s`),
    operators: 'Operators and above may do this.',
    engineers: 'Engineers and above may do this.',
    auto: 'Auto inference',
    autoHint: 'Scores each new row for your history while this page is open.',
    autoLast: (chance: string) => `${chance} at`,
    entry: 'in your history'
  },
  otherPlant: (name: string) => `Live readings are of ${name}, not of the plant that is chosen.`,
  showLive: 'Show the live plant',
  waiting: 'Waiting for the plant’s first readings …'
} as const;
