import { expect, it } from 'vitest';
import { Latest } from './latest.ts';

function asked(): {
  latest: Latest;
  taken: unknown[];
  settle: (answer: Promise<unknown>) => Promise<string>;
} {
  const latest = new Latest();
  const taken: unknown[] = [];
  const take = (found: unknown) => void taken.push(found);
  return { latest, taken, settle: (answer) => latest.settle(answer, take, take) };
}

it('hands the answer on, or the error', async () => {
  const { taken, settle } = asked();
  expect(await settle(Promise.resolve(1))).toBe('taken');
  expect(await settle(Promise.reject(new Error('away')))).toBe('failed');
  expect(taken).toEqual([1, new Error('away')]);
});

it('leaves out what comes after another question, whichever answers first', async () => {
  const { taken, settle } = asked();
  const slow = Promise.withResolvers();
  const wrong = Promise.withResolvers();
  const late = [settle(slow.promise), settle(wrong.promise)];
  expect(await settle(Promise.resolve(3))).toBe('taken');
  slow.resolve(1);
  wrong.reject(new Error('away'));
  expect(await Promise.all(late)).toEqual(['late', 'late']);
  expect(taken).toEqual([3]);
});

it('leaves out what is cancelled', async () => {
  const { latest, taken, settle } = asked();
  const late = settle(Promise.resolve(1));
  latest.cancel();
  expect([await late, taken]).toEqual(['late', []]);
});
