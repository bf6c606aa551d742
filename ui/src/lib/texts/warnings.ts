/** Words of warnings: their states, their actions, their story. */
import type { Warning } from '#lib/live/live-manager.svelte.ts';

type State = Warning['state'];
type Verdict = NonNullable<Warning['judgement']>['verdict'];

const states: Record<State, string> = {
  new: 'New',
  acknowledged: 'Acknowledged',
  shelved: 'Shelved',
  cleared: 'Cleared'
};
const verdicts: Record<Verdict, string> = {
  true: 'It really happened',
  false: 'False alarm',
  unsure: 'Not sure'
};

const verdictsShort: Record<Verdict, string> = {
  true: 'judged true',
  false: 'judged false',
  unsure: 'judged unsure'
};

export const warnings = {
  states,
  verdicts,
  verdictsShort,
  number: (id: number) => `Warning ${id}`,
  now: 'now',
  within: (hours: number) => `within ${hours} h`,
  ahead: (when: string, chance: string, threshold: string) =>
    `Alarm ${when}: ${chance} (threshold ${threshold})`,
  noThreshold: 'none',
  escalated: (from: string) => `came nearer; it opened ${from}`,
  since: 'Since',
  lead: 'Lead so far',
  leadCame: 'Lead',
  came: 'Limit crossed',
  peak: 'Peak',
  newest: 'Newest',
  cantClear: (since: string) => `Can’t clear since ${since}: its readings or forecasts are no news.`,
  until: (when: string) => `until ${when}`,
  by: (name: string) => `by ${name}`,
  clock: 'by the clock',
  drivers: 'Why',
  advice: 'What to check',
  noDrivers: 'No drivers are known.',
  noAdvice: 'No advice fits these values.',
  urgencies: { advice: 'advice', warning: 'warning', high: 'high' },
  towardsAlarm: 'towards alarm',
  towardsNormal: 'towards normal',
  story: 'Story and lineage',
  none: 'No open warnings.',
  acknowledge: 'Acknowledge',
  shelve: 'Shelve …',
  unshelve: 'Bring back',
  judge: 'Verdict …',
  judged: 'Verdict',
  working: 'One moment …',
  operatorsOnly: 'Operators and above may do this.',
  overAlready: 'It has cleared.',
  escalatedMeanwhile: 'It escalated meanwhile, and is new again: look at it, then acknowledge it.',
  shelveForm: {
    title: 'Shelve this warning',
    hours: 'For how many hours',
    reason: 'Reason',
    reasonHint: 'Everybody sees it. What opens of the same kind meanwhile is shelved as well.',
    hoursFault: 'A number of hours above 0.',
    reasonFault: 'A reason is needed.',
    send: 'Shelve'
  },
  undo: {
    shelved: (id: number, until: string) => `Warning ${id} is out of sight until ${until}.`,
    undo: 'Undo',
    close: 'Close this line'
  },
  verdictForm: {
    title: 'What came of it?',
    note: 'Note',
    start: 'From',
    end: 'To',
    period: 'When it happened (plant time). Empty: as limits and the risk tell.',
    zone: (zone: string) => `Times in ${zone}.`,
    both: 'Both times, or neither.',
    order: 'It must end after it began.',
    send: 'Save the verdict',
    replaces: 'It replaces the verdict of before.'
  },
  list: {
    title: 'Warnings',
    caption: 'Warnings, the newest first',
    filter: 'Which warnings',
    state: 'State',
    anyState: 'Any state',
    open: 'Open',
    kind: 'Kind',
    anyKind: 'Any kind',
    kinds: { model: 'Model', rule: 'Limit' },
    horizon: 'Horizon',
    anyHorizon: 'Any horizon',
    from: 'Opened from',
    to: 'Opened before',
    clear: 'Show all',
    what: 'What',
    since: 'Since',
    lead: 'Lead',
    peak: 'Peak',
    why: 'Top driver',
    outcome: 'Outcome',
    action: 'Action',
    came: 'came',
    notCame: 'did not come',
    openYet: 'open',
    noneMatch: 'No warning matches. Show all, or choose a longer time.',
    noneYet: 'No warning has opened yet. Each one will stand here with its story.',
    away: 'What is shown is what was read last.'
  },
  storyPage: {
    back: 'All warnings',
    actions: 'What happened',
    plant: 'plant time',
    clock: 'clock',
    gateway: 'Forewarn',
    did: {
      opened: 'Opened',
      escalated: 'Came nearer',
      acknowledged: 'Acknowledged',
      shelved: 'Shelved',
      unshelved: 'Brought back',
      shelf_expired: 'Shelf ended',
      judged: 'Judged',
      came: 'A limit was crossed',
      stale: 'Could not clear: no news',
      fresh: 'News again',
      cleared: 'Cleared'
    },
    outcome: 'Outcome',
    cameAfter: (lead: string) => `A limit was crossed ${lead} after it opened.`,
    cameAtOnce: 'A limit was crossed when it opened.',
    notCame: 'It cleared, and no limit was crossed while it was open.',
    openYet: (lead: string) => `Open for ${lead}; no limit has been crossed so far.`,
    judged: (verdict: string, by: string) => `${verdict}, says ${by}.`,
    notJudged: 'Nobody has judged it yet.',
    label: (start: string, end: string) => `It labels ${start} to ${end} as an alarm.`,
    noLabel: (why: string) => `It labels nothing: ${why}.`,
    known: 'What was known when',
    readings: 'The readings around it',
    atOpening: 'at its opening',
    highest: 'highest',
    lowest: 'lowest',
    opened: 'opened',
    cleared: 'cleared',
    came: 'limit crossed',
    threshold: 'threshold',
    normal: 'normal',
    setPoint: 'set point',
    risk: (when: string) => `Risk ${when}`,
    noScores: 'No scores of that time are kept any more.',
    noReadings: 'The readings of that time are not kept any more.',
    partReadings: (from: string) => `Readings before ${from} are not kept any more.`,
    otherPlant: (plant: string) => `Live readings are of another plant than ${plant} now.`,
    noTags: 'Nobody knows which tags moved it.',
    table: 'The same as a table',
    time: 'Plant time',
    missing: (id: string) => `There is no warning ${id}.`
  },
  keys: {
    title: 'Keys',
    open: 'Keys',
    newest: 'to the newest new warning’s Acknowledge',
    press: 'acknowledges it',
    leave: 'closes a form',
    help: 'shows or hides these lines',
    enabled: 'Letter keys act',
    enter: 'Enter',
    escape: 'Esc'
  }
} as const;
