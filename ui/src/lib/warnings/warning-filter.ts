/** Which warnings a list shows, in their groups, as its form holds it; pure. */
import type { components, paths } from '#lib/api/gateway.d.ts';
import type { Warning } from '#lib/live/types.ts';
import { momentOf } from './period.ts';

export type WarningGroup = components['schemas']['WarningGroup'];
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

/** A page after an event: known ones in their place, new ones before them where the page is the newest; a repeat takes
 * its group along.
 *
 * What has left the filter stays where it is until the page is read anew: nothing moves under a hand. */
export function mergeChanges(
  page: readonly WarningGroup[],
  changed: readonly Warning[],
  query: WarningQuery,
  isNewestPage: boolean
): WarningGroup[] {
  const byId = new Map(changed.map((warning) => [warning.id, warning]));
  const newest = Math.max(0, ...page.map((group) => group.warnings[0]?.id ?? 0));
  const kept = page.map((group) => ({
    ...group,
    warnings: group.warnings.map((warning) => byId.get(warning.id) ?? warning)
  }));
  if (!isNewestPage) return kept;
  const fresh = changed.filter((warning) => warning.id > newest && matches(warning, query));
  return fresh.toSorted((a, b) => a.id - b.id).reduce(addToGroups, kept);
}

function addToGroups(groups: readonly WarningGroup[], warning: Warning): WarningGroup[] {
  const { group_id: id, repeat: count, first_since: since } = warning;
  const known = groups.find((group) => group.id === id);
  const earlier = known ? known.warnings : [];
  const unacknowledged = (known?.unacknowledged ?? 0) + (warning.acknowledged_at === null ? 1 : 0);
  const group = { id, count, unacknowledged, since, warnings: [warning, ...earlier] };
  return [group, ...groups.filter((other) => other.id !== id)];
}
