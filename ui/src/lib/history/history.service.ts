/** One's results at the gateway. */
import { api, authorizedFetch, unwrap } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';
import { Problem } from '#lib/api/problem.ts';
import type { HistoryFilter } from './filter.ts';

export type EntrySummary = components['schemas']['EntrySummary'];
export type HistoryEntry = components['schemas']['EntryDetail'];
export const PAGE = 50;

/** @throws Problem */
export async function readPage(filter: HistoryFilter, before: number | null) {
  const query = { ...filter, limit: PAGE, ...(before !== null && { before }) };
  return unwrap(api.GET('/history', { params: { query } }));
}

/** @throws Problem */
export async function readEntry(id: number): Promise<HistoryEntry> {
  return unwrap(api.GET('/history/{entry_id}', { params: { path: { entry_id: id } } }));
}

/** @throws Problem; not where it is gone already. */
export async function deleteEntry(id: number): Promise<void> {
  try {
    // It may be sent while the page is left.
    const asked = { params: { path: { entry_id: id } }, keepalive: true };
    await unwrap(api.DELETE('/history/{entry_id}', asked));
  } catch (error) {
    if (!(error instanceof Problem && error.status === 404)) throw error;
  }
}

/** How many were deleted.
 *
 * @throws Problem */
export async function deleteMatching(filter: HistoryFilter): Promise<number> {
  return (await unwrap(api.DELETE('/history', { params: { query: filter } }))).deleted;
}

/** All columns as a file.
 *
 * @throws Problem */
export async function exportCsv(filter: HistoryFilter): Promise<Blob> {
  const query = new URLSearchParams(filter);
  const answer = await authorizedFetch(new Request(`${location.origin}/history/export.csv?${query}`));
  if (!answer.ok) throw Problem.of(await answer.json().catch(() => null), answer.status);
  return answer.blob();
}
