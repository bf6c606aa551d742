/** A warning for tests, with what a test says of it. */
import type { Warning } from '#lib/live/types.ts';
import type { WarningGroup } from './warning-filter.ts';

export function makeWarning(told: Partial<Warning> = {}): Warning {
  return {
    id: 7,
    plant: 'demo',
    state: 'new',
    kind: 'model',
    horizon_hours: 3,
    opened_horizon_hours: 6,
    crossed: { rule: null, description: '', probability: 0.168, threshold: 0.0964 },
    since: '2026-11-29T12:00:00Z',
    group_id: told.id ?? 7,
    repeat: 1,
    first_since: '2026-11-29T12:00:00Z',
    opened_at: '2026-11-21T09:43:16Z',
    peak: 0.2,
    peak_time: '2026-11-29T13:00:00Z',
    newest_time: '2026-11-29T14:00:00Z',
    outcome: 'open',
    lead_hours: null,
    missed_by_hours: null,
    came_time: null,
    missed_time: null,
    escalated_time: null,
    stale_since: null,
    drivers: [
      { tag: 'PDT31008', contribution: 1.2 },
      { tag: 'FIC31011', contribution: 0.5 },
      { tag: 'TE301020', contribution: -0.4 }
    ],
    advice: [],
    missing: '',
    model: 'demo_alarm_forecaster_3h',
    version: 1,
    prediction_ids: { opened: 'm.1.aa.bb' },
    acknowledged_at: null,
    acknowledged_by: null,
    shelf: null,
    judgement: null,
    cleared_time: null,
    cleared_at: null,
    ...told
  };
}

/** A warning with its repeats, the newest first. */
export function makeGroup(...warnings: Warning[]): WarningGroup {
  const { group_id: id = 0, first_since: since = '' } = warnings[0] ?? {};
  return { id, count: warnings.length, unacknowledged: warnings.length, since, warnings };
}
