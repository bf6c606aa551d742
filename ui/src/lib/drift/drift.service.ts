/** What the panel of drift asks the gateway for. */
import { api, unwrap } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';

export type DriftAnswer = components['schemas']['DriftAnswer'];
export type DriftJudgement = components['schemas']['DriftJudgement'];
export type Finding = DriftJudgement['tags'][number];

export const readDrift = (plant: string): Promise<DriftAnswer> =>
  unwrap(api.GET('/drift', { params: { query: { plant } } }));
