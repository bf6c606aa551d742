/** What may be sent, and its bounds; pure. */
import { load as words } from '#lib/texts/load.ts';

export type LoadKind = 'batches' | 'stream' | 'concurrent' | 'sustained';
export type PlanField =
  'batches' | 'size' | 'perSecond' | 'seconds' | 'workers' | 'cycles' | 'each' | 'readings' | 'anomalies';
/** `readings` is how many a request holds, `anomalies` how many in a hundred of them are anomalous. */
export type LoadPlan = { kind: LoadKind; newConnections: boolean } & Record<PlanField, number>;

export const MOST = { workers: 20, requests: 5000, seconds: 120, readings: 100, anomalies: 100 } as const;
/** Of plants that score each reading by itself. */
export const READING_FIELDS: readonly PlanField[] = ['readings', 'anomalies'];
export const REST_MS = 1000;
export const FIELDS: Record<LoadKind, readonly PlanField[]> = {
  batches: ['batches', 'size'],
  stream: ['perSecond', 'seconds'],
  concurrent: ['workers', 'cycles', 'each'],
  sustained: ['workers', 'cycles', 'seconds']
};
export const START: LoadPlan = {
  kind: 'batches',
  newConnections: false,
  batches: 20,
  size: 5,
  perSecond: 20,
  seconds: 10,
  workers: 5,
  cycles: 3,
  each: 20,
  readings: 5,
  anomalies: 10
};

/** How many requests a plan sends; null where time decides. */
export function requestsOf(plan: LoadPlan): number | null {
  if (plan.kind === 'batches') return plan.batches * plan.size;
  if (plan.kind === 'stream') return plan.perSecond * plan.seconds;
  return plan.kind === 'concurrent' ? plan.workers * plan.cycles * plan.each : null;
}

/** What is wrong with a plan: by field, and with all of it (`plan`); empty where nothing is. */
export function faultsOf(plan: LoadPlan): Partial<Record<PlanField | 'plan', string>> {
  const faults: Partial<Record<PlanField | 'plan', string>> = {};
  for (const field of FIELDS[plan.kind]) {
    if (!Number.isInteger(plan[field]) || plan[field] < 1) faults[field] = words.whole;
    else if ((field === 'workers' || field === 'size') && plan[field] > MOST.workers)
      faults[field] = words.most(MOST.workers);
  }
  if (!Number.isInteger(plan.readings) || plan.readings < 1) faults.readings = words.whole;
  else if (plan.readings > MOST.readings) faults.readings = words.most(MOST.readings);
  if (!(plan.anomalies >= 0 && plan.anomalies <= MOST.anomalies)) faults.anomalies = words.share;
  if (Object.keys(faults).length > 0) return faults;
  const requests = requestsOf(plan) ?? 0;
  const seconds =
    plan.kind === 'stream'
      ? plan.seconds
      : plan.kind === 'sustained'
        ? plan.cycles * (plan.seconds + 1) - 1
        : 0;
  if (requests > MOST.requests) faults.plan = words.tooMany(requests, MOST.requests);
  else if (seconds > MOST.seconds) faults.plan = words.tooLong(seconds, MOST.seconds);
  return faults;
}
