/** Which warnings a list shows, as its form holds it; pure. */
import type { paths } from '#lib/api/gateway.d.ts';
import type { Warning } from '#lib/live/types.ts';
import { momentOf } from './period.ts';

export type WarningQuery = NonNullable<paths['/warnings']['get']['parameters']['query']>;
export type WarningFilter = {
  state: '' | NonNullable<WarningQuery['state']>;
  kind: '' | Warning['kind'];
  /** Hours as a text; empty is any. */
  horizon: string;
  /** Of the plant's clock, as a form holds it. */
  since: string;
  until: string;
};

export const everything: WarningFilter = { state: '', kind: '', horizon: '', since: '', until: '' };

/** The filter as the gateway takes it. */
export function queryOf(filter: WarningFilter, plant: string | undefined, zone: string): WarningQuery {
  return {
    ...(plant && { plant }),
    ...(filter.state && { state: filter.state }),
    ...(filter.kind && { kind: filter.kind }),
    ...(filter.horizon && { horizon_hours: Number(filter.horizon) }),
    ...(filter.since && { since: momentOf(filter.since, zone) }),
    ...(filter.until && { until: momentOf(filter.until, zone) })
  };
}

/** Whether a warning belongs into a list, as the gateway would decide. */
export function matches(warning: Warning, query: WarningQuery): boolean {
  const since = Date.parse(warning.since);
  return (
    (!query.plant || warning.plant === query.plant) &&
    (!query.state || inState(warning, query.state)) &&
    (!query.kind || warning.kind === query.kind) &&
    (query.horizon_hours === undefined || warning.horizon_hours === query.horizon_hours) &&
    (!query.since || since >= Date.parse(query.since)) &&
    (!query.until || since < Date.parse(query.until))
  );
}

function inState(warning: Warning, state: NonNullable<WarningQuery['state']>): boolean {
  return state === 'open' ? warning.state !== 'cleared' : warning.state === state;
}

/** A page after an event: known ones in their place, new ones before them where the page is the newest.
 *
 * What has left the filter stays where it is until the page is read anew: nothing moves under a hand. */
export function mergeChanges(
  page: readonly Warning[],
  changed: readonly Warning[],
  query: WarningQuery,
  isNewestPage: boolean
): Warning[] {
  const byId = new Map(changed.map((warning) => [warning.id, warning]));
  const newest = page[0]?.id ?? 0;
  const fresh = changed.filter((warning) => warning.id > newest && matches(warning, query));
  const kept = page.map((warning) => byId.get(warning.id) ?? warning);
  return isNewestPage ? [...fresh.toSorted((a, b) => b.id - a.id), ...kept] : kept;
}
