import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Tag } from '#lib/plant/plants-manager.svelte.ts';
import { plant } from './fixtures.ts';
import { PredictManager } from './predict-manager.svelte.ts';
import { normalRow } from './presets.ts';

// The client takes its address from the page when it is made.
vi.hoisted(() => vi.stubGlobal('location', new URL('http://gateway/')));

type Asked = { url: string; body: { readings: Record<string, number | null>[] } };

/** Answers by route; notes what was asked. */
function answering(answers: Record<string, [number, unknown]>): Asked[] {
  const asked: Asked[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    asked.push({ url: request.url, body: await request.json() });
    const [status, body] = Object.entries(answers).find(([part]) => request.url.includes(part))?.[1] ?? [
      404,
      {}
    ];
    return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
  });
  return asked;
}

const pressure = plant.tags[1] as Tag;
const GOOD = { predict: [200, { risk_score: 0.2 }], explain: [200, { tags: [] }] } as const;
afterEach(() => vi.unstubAllGlobals());

describe('the form', () => {
  it('sends a steady past with extremes, then asks why of the same', async () => {
    const asked = answering({ predict: [...GOOD.predict], explain: [...GOOD.explain] });
    const form = new PredictManager();
    form.fill(normalRow(plant.tags));
    await form.send(plant, []);
    expect(asked.map(({ url }) => new URL(url).pathname)).toEqual(['/infer/predict', '/infer/explain']);
    expect(new URL(asked[0]?.url ?? '').searchParams.get('plant')).toBe('unit');
    expect(asked[0]?.body.readings).toHaveLength(72);
    expect(asked[0]?.body.readings[0]).toMatchObject({ PDT1: 220, PDT1_max: 220, LIC2_OP: null });
    expect(asked[1]?.body).toEqual(asked[0]?.body);
    expect([form.result?.risk_score, form.explanation?.tags, form.working]).toEqual([0.2, [], false]);
  });

  it('takes the newest of rows that were judged one by one', async () => {
    const judged = {
      predictions: [
        { anomaly: true, score: 0.8, confidence: 'reduced' },
        { anomaly: false, score: 0.4, confidence: 'full' }
      ],
      total: 2,
      bad_signals: [{ reading: 0, name: 'PDT1' }],
      rules: [[{ name: 'PDT1_HH' }], []],
      imputed: { PDT1: 2 },
      out_of_range: {}
    };
    answering({ predict: [200, judged], explain: [...GOOD.explain] });
    const form = new PredictManager();
    form.fill({ PDT1: 300 });
    await form.send(plant, []);
    const result = form.result;
    expect([result?.risk_score, result?.alarm, result?.anomaly_probability]).toEqual([0.4, false, null]);
    expect([result?.imputed, result?.out_of_range, result?.rules]).toEqual([['PDT1'], [], []]);
    expect([result?.confidence, result?.bad_signals]).toEqual(['full', []]);
  });

  it('puts the row after those of the live plant', async () => {
    const asked = answering({ predict: [...GOOD.predict], explain: [...GOOD.explain] });
    const form = new PredictManager();
    form.before = 'live';
    form.fill({ PDT1: 300 });
    await form.send(plant, [{ PDT1: 1 }, { PDT1: 2 }]);
    expect(asked[0]?.body.readings.map((row) => row.PDT1)).toEqual([1, 2, 300]);
  });

  it('keeps the result where only the explanation fails', async () => {
    answering({ predict: [...GOOD.predict], explain: [503, { detail: 'inference does not answer' }] });
    const form = new PredictManager();
    form.fill({ PDT1: 300 });
    await form.send(plant, []);
    expect(form.result?.risk_score).toBe(0.2);
    expect(String(form.explainError)).toContain('inference does not answer');
    expect(form.error).toBeNull();
  });

  it('tells of a refusal, and of a form with nothing in it', async () => {
    const asked = answering({ predict: [422, { detail: 'no' }] });
    const form = new PredictManager();
    await form.send(plant, []);
    expect(String(form.error)).toContain('Enter at least one value.');
    expect(asked).toEqual([]);
    form.fill({ PDT1: 1 });
    await form.send(plant, []);
    expect(String(form.error)).toContain('no');
  });

  it('takes the last pasted row; its extremes hold until the tag is typed in', async () => {
    const asked = answering({ predict: [...GOOD.predict], explain: [...GOOD.explain] });
    const form = new PredictManager();
    form.before = 'unknown';
    expect(form.paste('PDT1,PDT1_max\n1,2\n3,9', plant.tags)).toBe(1);
    await form.send(plant, []);
    expect(asked[0]?.body.readings).toEqual([expect.objectContaining({ PDT1: 3, PDT1_max: 9, PDT1_min: 3 })]);
    form.type(pressure, '5');
    await form.send(plant, []);
    expect(asked[2]?.body.readings[0]).toMatchObject({ PDT1: 5, PDT1_max: 5 });
  });

  it('says what is wrong with pasted text and leaves the values as they are', () => {
    const form = new PredictManager();
    form.fill({ PDT1: 1 });
    expect(form.paste('FOO\n1', plant.tags)).toBe(0);
    expect(form.pasteFaults).toEqual(['Column 1 “FOO” is not a tag of this plant.']);
    expect(form.values.PDT1).toBe('1');
  });
});
