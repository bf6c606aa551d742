/** The newest rows of a live plant. */
import { api, unwrap } from '#lib/api/client.ts';
import { Problem } from '#lib/api/problem.ts';
import { plants } from '#lib/plant/plants-manager.svelte.ts';
import type { Row } from './types.ts';

const HOUR_S = 3600;
/** The gateway shows no more of them. */
export const MOST_HOURS = 744;

/** Oldest first; none where no reading has come yet. `plant` is empty for the gateway's default.
 *
 * @throws Problem */
export async function readRows(plant: string, count: number): Promise<readonly Row[]> {
  const interval = plants.all.find(({ name }) => name === plant)?.interval_s ?? HOUR_S;
  return (await readHours(plant, (count * interval) / HOUR_S)).slice(-count);
}

/** Those of some plant hours back from the newest one.
 *
 * @throws Problem */
export async function readHours(plant: string, back: number): Promise<readonly Row[]> {
  const hours = Math.min(MOST_HOURS, Math.max(1, Math.ceil(back)));
  try {
    const query = { hours, ...(plant && { plant }) };
    return (await unwrap(api.GET('/live/rows', { params: { query } }))).rows;
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return [];
    throw error;
  }
}
