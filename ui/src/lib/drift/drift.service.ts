/** What the panel of drift asks the gateway for. */
import { answered, api } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';

export type DriftAnswer = components['schemas']['DriftAnswer'];
export type Judgement = components['schemas']['DriftJudgement'];
export type Finding = Judgement['tags'][number];

export const readDrift = (plant: string): Promise<DriftAnswer> =>
  answered(api.GET('/drift', { params: { query: { plant } } }));
