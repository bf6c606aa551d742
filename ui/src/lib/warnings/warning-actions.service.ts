/** What people do with a warning; each answer takes the warning's place in what is live. */
import { api, unwrap } from '#lib/api/client.ts';
import type { paths } from '#lib/api/gateway.d.ts';
import { Problem } from '#lib/api/problem.ts';
import { live } from '#lib/live/live-manager.svelte.ts';
import type { Warning } from '#lib/live/types.ts';
import { warnings as words } from '#lib/texts/warnings.ts';
import { shelf } from './shelf.svelte.ts';

export type Verdict =
  paths['/warnings/{warning_id}/verdict']['post']['requestBody']['content']['application/json'];

/** For how long a warning is shelved: hours of the clock, or until a moment. */
export type ShelfTime = { hours: number } | { until: string };

/** Acknowledge a warning as it was seen, with all that it repeats.
 *
 * @param seen the horizon that stood there when somebody looked.
 * @throws Problem where it has escalated since, or can't be acknowledged. */
export async function acknowledge(warning: Warning, seen: number): Promise<Warning> {
  const { id } = warning;
  const body = { note: '', horizon_hours: seen };
  try {
    if (warning.repeat === 1)
      return keepWarning(await unwrap(api.POST('/warnings/{warning_id}/ack', { ...path(id), body })));
    const group = { params: { path: { group_id: warning.group_id } }, body: { ...body, newest_id: id } };
    const { warnings } = await unwrap(api.POST('/warnings/groups/{group_id}/ack', group));
    return warnings.map(keepWarning).find((one) => one.id === id) ?? warning;
  } catch (error) {
    throw await explainConflict(error, id, seen);
  }
}

/** Put it out of sight for a time of the clock.
 *
 * @throws Problem where it has cleared, or the time is too long. */
export async function shelve(id: number, time: ShelfTime, reason: string): Promise<Warning> {
  const answer = keepWarning(
    await unwrap(api.POST('/warnings/{warning_id}/shelve', { ...path(id), body: { ...time, reason } }))
  );
  shelf.put(answer);
  return answer;
}

/** @throws Problem where it isn't shelved. */
export async function unshelve(id: number): Promise<Warning> {
  const answer = keepWarning(
    await unwrap(api.POST('/warnings/{warning_id}/unshelve', { ...path(id), body: { note: '' } }))
  );
  shelf.forget(id);
  return answer;
}

/** Say what came of it; the newest verdict counts.
 *
 * @throws Problem where the period can't be. */
export async function judge(id: number, verdict: Verdict): Promise<Warning> {
  return keepWarning(
    await unwrap(api.POST('/warnings/{warning_id}/verdict', { ...path(id), body: verdict }))
  );
}

function path(id: number) {
  return { params: { path: { warning_id: id } } };
}

function keepWarning(warning: Warning): Warning {
  live.replace(warning);
  return warning;
}

/** After a conflict the warning is another one than was seen: read it anew, and say so. */
async function explainConflict(error: unknown, id: number, seen: number): Promise<unknown> {
  if (!(error instanceof Problem) || error.status !== 409) return error;
  const now = await unwrap(api.GET('/warnings/{warning_id}', path(id)));
  keepWarning(now);
  const escalated = now.horizon_hours !== seen;
  return escalated ? new Problem(409, 'conflict', words.escalatedMeanwhile) : error;
}
