/** What the page of drops asks the gateway for. */
import { api, unwrap } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';

export type Drop = components['schemas']['DroppedFile'];
export type DropsAnswer = components['schemas']['DropsAnswer'];
export type RefusalAnswer = components['schemas']['RefusedFile'];
export type RunInfo = components['schemas']['RunInfo'];
export type RunAnswer = components['schemas']['RunAnswer'];
export type Step = components['schemas']['StepInfo'];
export type CheckResult = components['schemas']['CheckInfo'];
export type PreviewedFile = components['schemas']['PreviewedFile'];
export type TagPreview = components['schemas']['TagPreview'];
export type Uploaded = components['schemas']['UploadedFile'];

export const readDrops = (plant: string): Promise<DropsAnswer> =>
  unwrap(api.GET('/drops', { params: { query: { plant, limit: 50 } } }));

export const readRuns = async (plant: string): Promise<readonly RunInfo[]> =>
  (await unwrap(api.GET('/runs', { params: { query: { plant, limit: 20 } } }))).runs;

export const readRun = (id: string): Promise<RunAnswer> =>
  unwrap(api.GET('/runs/{run_id}', { params: { path: { run_id: id } } }));

export const readRefusal = (id: number): Promise<RefusalAnswer> =>
  unwrap(api.GET('/quarantine/{drop_id}', { params: { path: { drop_id: id } } }));
