import { beforeEach, expect, it, vi } from 'vitest';
import { exportTable } from './export.service.ts';

vi.hoisted(() => vi.stubGlobal('location', new URL('http://gateway/')));
beforeEach(() => vi.stubGlobal('location', new URL('http://gateway/')));

it('asks for the table of the plant', async () => {
  vi.stubGlobal('fetch', async (request: Request) => new Response(request.url));
  const file = await exportTable('gas_treatment', 'model_results');
  expect(await file.text()).toBe('http://gateway/exports/model_results.csv?plant=gas_treatment');
});

it('says which command makes a table that is not there yet', async () => {
  const detail = 'plant demo has no model_results yet; `forewarn train demo` makes it';
  vi.stubGlobal('fetch', async () => Response.json({ type: 'about:blank', detail }, { status: 404 }));
  await expect(exportTable('demo', 'model_results')).rejects.toThrow(detail);
});
