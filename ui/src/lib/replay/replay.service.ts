/** A plant's dropped history, as the gateway has it. */
import { api, unwrap } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';

type Schemas = components['schemas'];
export type HistoryOverview = Schemas['HistoryOverview'];
export type HistoryRows = Schemas['HistoryRows'];
export type PastWarning = Schemas['PastWarning'];
export type LabelledSpan = Schemas['LabelledSpan'];
export type HorizonSeries = Schemas['HorizonSeries'];

/** So many rows come at once. */
export const MOST_ROWS = 5000;
const POINTS = 800;

/** @throws Problem where the plant has no history yet, or it can't be read. */
export async function readOverview(plant: string): Promise<HistoryOverview> {
  const params = { path: { plant }, query: { points: POINTS } };
  return unwrap(api.GET('/plants/{plant}/history/overview', { params }));
}

/** Rows from a time on, in seconds since 1970.
 *
 * @throws Problem */
export async function readRows(plant: string, from: number): Promise<HistoryRows> {
  const since = new Date(from * 1000).toISOString();
  const params = { path: { plant }, query: { since, limit: MOST_ROWS } };
  return unwrap(api.GET('/plants/{plant}/history/rows', { params }));
}
