/** Results by what their risk is of: an alarm now and one ahead are never drawn as one course; pure. */
import type { EntrySummary } from './history.service.ts';

export type KindOfRisk = { type: EntrySummary['type']; entries: EntrySummary[] };

const MINUTE_MS = 60_000;
const ORDER: EntrySummary['type'][] = ['predict', 'forecast', 'auto'];

/** The kinds that there are, each with its results. */
export function byKind(entries: readonly EntrySummary[]): KindOfRisk[] {
  const kinds = ORDER.map((type) => ({ type, entries: entries.filter((entry) => entry.type === type) }));
  return kinds.filter((kind) => kind.entries.length > 0);
}

/** From the minute of the first of them to the one after the last, in seconds, so that charts share their axis. */
export function spanOf(entries: readonly EntrySummary[]): [number, number] | null {
  if (entries.length === 0) return null;
  const minutes = entries.map((entry) => Math.floor(Date.parse(entry.created_at) / MINUTE_MS));
  return [Math.min(...minutes) * 60, (Math.max(...minutes) + 1) * 60];
}
