/** One's results at the gateway. */
import { answered, api, authorizedFetch } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';
import { Problem } from '#lib/api/problem.ts';
import type { Filter } from './filter.ts';

export type Summary = components['schemas']['EntrySummary'];
export type Entry = components['schemas']['Entry'];
export const PAGE = 50;

/** @throws Problem */
export async function readPage(filter: Filter, before: number | null) {
  const query = { ...filter, limit: PAGE, ...(before !== null && { before }) };
  return answered(api.GET('/history', { params: { query } }));
}

/** @throws Problem */
export async function readEntry(id: number): Promise<Entry> {
  return answered(api.GET('/history/{entry_id}', { params: { path: { entry_id: id } } }));
}

/** @throws Problem; not where it is gone already. */
export async function deleteEntry(id: number): Promise<void> {
  try {
    // It may be sent while the page is left.
    const asked = { params: { path: { entry_id: id } }, keepalive: true };
    await answered(api.DELETE('/history/{entry_id}', asked));
  } catch (error) {
    if (!(error instanceof Problem && error.status === 404)) throw error;
  }
}

/** How many were deleted.
 *
 * @throws Problem */
export async function deleteMeant(filter: Filter): Promise<number> {
  return (await answered(api.DELETE('/history', { params: { query: filter } }))).deleted;
}

/** All columns as a file.
 *
 * @throws Problem */
export async function exported(filter: Filter): Promise<Blob> {
  const query = new URLSearchParams(filter);
  const answer = await authorizedFetch(new Request(`${location.origin}/history/export.csv?${query}`));
  if (!answer.ok) throw Problem.of(await answer.json().catch(() => null), answer.status);
  return answer.blob();
}
