import { span } from '#lib/time.ts';

const listed = new Intl.ListFormat('en-GB');

/** 'now, 1 and 3 h ahead' */
const moments = (hours: readonly number[]) =>
  listed.format(hours.map((ahead) => (ahead === 0 ? 'now' : `${ahead}`))) +
  (hours.some((ahead) => ahead > 0) ? ' h ahead' : '');

/** Words of the dashboard. */
export const dashboard = {
  reasons: 'Warnings, drivers and checks',
  strip: {
    title: 'Alarm risk',
    now: 'Now',
    ahead: (hours: number) => `+${hours} h`,
    times: '× threshold',
    noThreshold: 'no threshold',
    probability: 'probability with its 90 % interval',
    likely: (chance: string, low: string, high: string) => `${chance} (${low} to ${high})`,
    notTrusted: 'not trusted',
    unsure: { full: '', reduced: 'bad signal', none: 'no confidence' },
    notCalibrated: 'score, not a calibrated probability',
    waiting: 'No row has been scored yet.',
    calm: (chance: string, when: string, threshold: string) =>
      `No alarm expected. Closest to its threshold: ${chance} ${when} (threshold ${threshold}).`,
    doubted: (doubt: string, chance: string, when: string, threshold: string) =>
      `${doubt}: a low risk means little. Closest to its threshold: ${chance} ${when} (threshold ${threshold}).`,
    notTrustedAt: (hours: readonly number[]) => `Not trusted ${moments(hours)}`,
    notValidated: (hours: readonly number[]) =>
      `Validation: ${moments(hours)} not significantly better than trivial baselines.`,
    noConfidence: 'No confidence, most inputs are missing',
    badSignal: (names: string) => `Bad signal ${names}`,
    unjudged: (chance: string, when: string) => `Alarm risk ${chance} ${when}. No threshold is set.`,
    closer: (chance: string, when: string, threshold: string) =>
      `Below the threshold. Alarm risk ${chance} ${when} (threshold ${threshold}).`,
    at: 'now',
    within: (hours: number) => `within ${hours} h`,
    alarmNow: (numbers: string) => `Alarm now: probability ${numbers}`,
    alarmAhead: (hours: number, numbers: string) => `Alarm starts within ${hours} h: probability ${numbers}`,
    rule: (what: string, since: string) => `Alarm rule met ${since}: ${what}`,
    lingers: (id: number, chance: string, when: string, threshold: string) =>
      `Warning ${id} is still open: probability ${chance} ${when} (threshold ${threshold}).`,
    open: (said: string, id: number) => `${said}, warning ${id}`,
    rising: (tag: string, by: string, value: string) => `Main driver: ${tag}, rising ${by}/h, now ${value}.`,
    falling: (tag: string, by: string, value: string) =>
      `Main driver: ${tag}, falling ${by}/h, now ${value}.`,
    steady: (tag: string, value: string) => `Main driver: ${tag}, steady at ${value}.`,
    unscored: (since: string, why: string) => `No forecast since ${since}${why ? `: ${why}` : ''}.`,
    stale: (since: string, age: string) => `No reading for ${age}. The values shown are from ${since}.`
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
    hours: 'Time span',
    back: (hours: number) =>
      hours < 1.5 || hours % 1 ? span(hours * 3_600_000) : hours < 48 ? `${hours} h` : `${hours / 24} d`,
    whole: 'All',
    anomaly: 'anomaly',
    past: 'History and replay',
    follow: 'Back to live',
    toCursor: 'Back to the replay',
    zoomed: 'Zoomed',
    risk: 'Alarm risk now and forecast',
    extremes: { max: 'maximum', min: 'minimum' },
    riskUnit: '× threshold',
    rows: {
      ahead: (hours: number) => `+${hours} h`,
      warnings: 'warning',
      operator: 'verdict'
    },
    warning: (id: number, hours: number) => `${id}${hours ? ` +${hours} h` : ' now'}`,
    judged: (id: number) => `true alarm (${id})`,
    keys: 'Arrow keys move the cursor, Shift and arrow keys pan, Escape returns to live. Drag to zoom, double-click to reset, scroll to pan.',
    cursor: 'Values at the cursor',
    time: 'Plant time',
    horizons: 'Alarms forecast at each horizon, warnings, true alarms by verdict',
    empty: 'Select a tag on the left to see its trend.',
    close: (tag: string) => `Remove ${tag}`,
    show: 'Show trend',
    hide: 'Hide trend'
  },
  drivers: {
    title: 'Drivers',
    of: 'of the risk at',
    towardsAlarm: 'towards alarm',
    towardsNormal: 'towards normal',
    alarmEnd: 'alarm →',
    normalEnd: '← normal',
    features: (tag: string) => `Features of ${tag}`,
    value: 'value',
    none: 'No contributions.',
    away: 'The drivers of the current risk are not available.'
  },
  checks: {
    title: 'Recommended checks',
    none: 'None for these values.',
    away: 'Recommendations are not available.'
  },
  warnings: { title: 'Active warnings', none: 'None.', shelved: (n: number) => `${n} shelved` },
  plant: {
    title: 'Simulation',
    scenario: 'Scenario',
    speed: 'Speed',
    hours: (speed: number) => (speed === 0 ? 'paused' : `${speed} h/s`),
    auto: 'Auto inference',
    autoHint: 'Scores each new row for your history while this page is open.',
    autoLast: (chance: string) => `${chance} at`,
    entry: 'in your history'
  }
} as const;
