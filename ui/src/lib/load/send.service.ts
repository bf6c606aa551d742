/** One request of a load, which nobody keeps: a row of normal values, or readings where each is scored by itself. */
import { authorizedFetch } from '#lib/api/client.ts';
import { Problem } from '#lib/api/problem.ts';
import type { Plant } from '#lib/plant/plants-manager.svelte.ts';
import type { TagValues } from '#lib/predict/csv.ts';
import { normalRow } from '#lib/predict/presets.ts';
import { load as words } from '#lib/texts/load.ts';
import type { LoadPlan } from './plan.ts';
import { drawReadings } from './readings.ts';
import type { LoadAnswer, SendRequest } from './run.service.ts';

export type ScoredReading = { values: TagValues; anomaly: boolean };

/** What sends rows of a plant.
 *
 * @param scored told of the readings of each answer, where the plant scores each by itself. */
export function sender(
  plant: Plant,
  plan: Pick<LoadPlan, 'readings' | 'anomalies' | 'newConnections'>,
  scored: (readings: ScoredReading[]) => void = () => undefined
): SendRequest {
  const closing = plan.newConnections ? '&new_connection=true' : '';
  const url = `${location.origin}/infer/predict?store=false&plant=${plant.name}${closing}`;
  const headers = { 'Content-Type': 'application/json' };
  const normal = { features: normalRow(plant.tags) };
  const draw = () => drawReadings(plant.tags, plan.readings, plan.anomalies / 100);
  return async (signal) => {
    const readings = plant.judges === 'each_reading' ? draw() : null;
    const body = JSON.stringify(readings ? { readings } : normal);
    try {
      const answer = await authorizedFetch(new Request(url, { method: 'POST', body, headers, signal }));
      return await parseResponse(answer, (document) => readings && scored(flag(readings, document)));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { kind: words.noAnswer, servedBy: '' };
    }
  };
}

/** The last process that the header names: inference, where the gateway asked it. */
async function parseResponse(answer: Response, take: (document: unknown) => void): Promise<LoadAnswer> {
  const servedBy = answer.headers.get('X-Served-By')?.split(',').at(-1)?.trim() ?? '';
  if (answer.ok) {
    take(await answer.json());
    return { kind: 'ok', servedBy };
  }
  const problem = Problem.of(await answer.json().catch(() => null), answer.status);
  return { kind: `${answer.status} ${problem.type}`.trim(), servedBy };
}

/** The readings with what the answer calls each. */
function flag(readings: readonly TagValues[], document: unknown): ScoredReading[] {
  const { predictions } = document as { predictions: { anomaly: boolean }[] };
  return readings.map((values, n) => ({ values, anomaly: predictions[n]?.anomaly === true }));
}
