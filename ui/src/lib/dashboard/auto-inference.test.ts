import { beforeEach, expect, it, vi } from 'vitest';

const waiting: ((response: Response) => void)[] = [];
vi.stubGlobal('location', { origin: 'http://gateway' });
vi.stubGlobal('fetch', () => new Promise<Response>((resolve) => waiting.push(resolve)));
const { autoInference } = await import('./auto-inference.svelte.ts');

beforeEach(() => {
  waiting.length = 0;
  autoInference.on = true;
});

async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
}

it('scores a row once, one at a time, and only while it is on', async () => {
  autoInference.on = false;
  await autoInference.row('1');
  expect(waiting).toHaveLength(0);
  autoInference.on = true;
  const first = autoInference.row('2');
  void autoInference.row('3');
  await settled();
  expect(waiting).toHaveLength(1);
  waiting[0]?.(new Response(JSON.stringify({ prediction: { risk_score: 0.34 } })));
  await first;
  expect(autoInference.risk).toBe('34\u00a0%');
  await autoInference.row('2');
  expect(waiting).toHaveLength(1);
});

it('leaves nothing to who logs in next', async () => {
  const asked = autoInference.row('3a');
  await settled();
  autoInference.stop();
  waiting[0]?.(new Response(JSON.stringify({ prediction: { risk_score: 0.5 } })));
  await asked;
  expect([autoInference.on, autoInference.last]).toEqual([false, null]);
});

it('says so where a row is refused', async () => {
  const asked = autoInference.row('4');
  await settled();
  waiting[0]?.(new Response(JSON.stringify({ detail: 'sensors is away' }), { status: 503 }));
  await asked;
  expect(String(autoInference.fault)).toContain('sensors is away');
});
