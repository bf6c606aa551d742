/** Shapes of what the gateway tells of the live plant, as its OpenAPI document has them. */
import type { components } from '#lib/api/gateway.d.ts';

type Schemas = components['schemas'];

export type LiveEvent = Schemas['GatewayEvent'];
export type LiveStatus = Schemas['LiveAnswer'];
export type Row = Schemas['IntervalReading'];
export type Quality = Row['quality'][string];
export type ScoredRow = Schemas['ScoredRow'];
export type Warning = Schemas['WarningAnswer'];
export type PipelineRun = Schemas['RunData'];
export type ModelChange = Schemas['ModelData'];
