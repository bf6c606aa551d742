/** What the page of models asks the gateway for, and does. */
import { api, authorizedFetch, unwrap } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';
import { Problem } from '#lib/api/problem.ts';

export type ModelsAnswer = components['schemas']['ModelsAnswer'];
export type Model = ModelsAnswer['models'][number];
export type ModelVersion = Model['versions'][number];
export type FiguresAnswer = components['schemas']['FiguresAnswer'];
export type Horizon = FiguresAnswer['horizons'][number];
export type ModelFigures = Horizon['figures'][number];
export type CalibrationBin = components['schemas']['CalibrationBin'];
export type Moved = components['schemas']['MovedChampion'];

export const readModels = (plant: string): Promise<ModelsAnswer> =>
  unwrap(api.GET('/models', { params: { query: { plant } } }));

/** The newest report's figures, or those of a version's. */
export const readFigures = (plant: string, version: number | null): Promise<FiguresAnswer> =>
  unwrap(api.GET('/models/figures', { params: { query: { plant, ...(version !== null && { version }) } } }));

/** The report's page.
 *
 * @throws Problem where there is none. */
export async function readReport(plant: string, version: number | null): Promise<string> {
  const query = new URLSearchParams({ plant, ...(version !== null && { version: String(version) }) });
  const answer = await authorizedFetch(new Request(`${globalThis.location.origin}/models/report?${query}`));
  if (!answer.ok) throw Problem.of(await answer.json().catch(() => null), answer.status);
  return answer.text();
}

export const promote = (plant: string, version: number): Promise<Moved> =>
  unwrap(api.POST('/models/promote', { body: { plant, version } }));

export const rollback = (plant: string): Promise<Moved> =>
  unwrap(api.POST('/models/rollback', { body: { plant } }));
