/** Sources and outputs of the live service. */
import { api, unwrap } from '#lib/api/client.ts';
import type { components } from '#lib/api/gateway.d.ts';

type Schemas = components['schemas'];
export type Connections = Schemas['ConnectionsAnswer'];
export type Source = Schemas['SourceState'];
export type Output = Schemas['OutputState'];

/** @throws Problem */
export async function readConnections(): Promise<Connections> {
  return unwrap(api.GET('/connections'));
}
