/** One request of a load: a row of normal values that nobody keeps. */
import { authorizedFetch } from '#lib/api/client.ts';
import { Problem } from '#lib/api/problem.ts';
import type { Plant } from '#lib/plant/plants-manager.svelte.ts';
import { normalRow } from '#lib/predict/presets.ts';
import { load as words } from '#lib/texts/load.ts';
import type { LoadAnswer, SendRequest } from './run.service.ts';

/** What sends rows of a plant. */
export function sender(plant: Plant): SendRequest {
  const url = `${location.origin}/infer/predict?store=false&plant=${plant.name}`;
  const body = JSON.stringify({ features: normalRow(plant.tags) });
  const headers = { 'Content-Type': 'application/json' };
  return async (signal) => {
    try {
      return await parseResponse(
        await authorizedFetch(new Request(url, { method: 'POST', body, headers, signal }))
      );
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { kind: words.noAnswer, servedBy: '' };
    }
  };
}

/** The last process that the header names: inference, where the gateway asked it. */
async function parseResponse(answer: Response): Promise<LoadAnswer> {
  const servedBy = answer.headers.get('X-Served-By')?.split(',').at(-1)?.trim() ?? '';
  if (answer.ok) {
    await answer.arrayBuffer();
    return { kind: 'ok', servedBy };
  }
  const problem = Problem.of(await answer.json().catch(() => null), answer.status);
  return { kind: `${answer.status} ${problem.type}`.trim(), servedBy };
}
