import { describe, expect, it, vi } from 'vitest';
import { Problem } from '#lib/api/problem.ts';
import type { PreviewedFile } from './data.service.ts';
import { PreviewQueue } from './previews-manager.svelte.ts';
import type { readPreview } from './upload.service.ts';
import { UploadQueue } from './uploads-manager.svelte.ts';

const LIMITS = { upload_most_bytes: 100, extensions: ['.csv'] };
const REFUSED = { code: 'no_times', message: 'no times', place: 'row 1', expected: 'a time column' };
const file = (name: string, size = 10) => new File(['x'.repeat(size)], name);
const told = (name: string, more: Partial<PreviewedFile> = {}): PreviewedFile => ({
  file: name,
  format: 'csv',
  layout: 'wide',
  zone: null,
  first: null,
  last: null,
  tags: {},
  periods: 0,
  labels: [],
  unread: [],
  guesses: [],
  notes: [],
  refused: null,
  ...more
});

function queues(read: typeof readPreview = async (one) => told(one.name)) {
  const sent: string[] = [];
  const uploads = new UploadQueue(
    'demo',
    () => undefined,
    async (one) => {
      sent.push(one.name);
    }
  );
  return { sent, uploads, previews: new PreviewQueue('demo', uploads, read) };
}

describe('previews', () => {
  it('are read one after the other, and nothing is sent', async () => {
    const asked: string[] = [];
    const { previews, sent } = queues(async (one, plant) => {
      asked.push(`${plant} ${one.name}`);
      expect(previews.all.filter((other) => other.state === 'reading')).toHaveLength(1);
      return told(one.name);
    });
    await previews.add([file('a.csv'), file('b.csv')], LIMITS);
    expect(asked).toEqual(['demo a.csv', 'demo b.csv']);
    expect(previews.all.map((one) => [one.told?.file, one.state])).toEqual([
      ['a.csv', 'read'],
      ['b.csv', 'read']
    ]);
    expect(sent).toEqual([]);
  });

  it('become an upload when they are confirmed', async () => {
    const { previews, sent } = queues();
    await previews.add([file('a.csv'), file('b.csv')], LIMITS);
    const [a] = previews.all;
    if (a) await previews.confirm(a);
    expect(sent).toEqual(['a.csv']);
    expect(previews.all.map((one) => one.file.name)).toEqual(['b.csv']);
  });

  it('of refused files never do', async () => {
    const { previews, sent } = queues(async (one) =>
      told(one.name, { refused: one.name === 'a.csv' ? REFUSED : null })
    );
    await previews.add([file('a.csv'), file('b.csv')], LIMITS);
    expect(previews.uploadable.map((one) => one.file.name)).toEqual(['b.csv']);
    await previews.confirm(...previews.all);
    expect(sent).toEqual(['b.csv']);
  });

  it('that are not possible leave the upload possible, and can be tried again', async () => {
    const read = vi
      .fn<typeof readPreview>()
      .mockRejectedValueOnce(new Problem(503, 'preview-away', 'too many files'))
      .mockResolvedValue(told('a.csv'));
    const { previews } = queues(read);
    await previews.add([file('a.csv')], LIMITS);
    const [one] = previews.all;
    expect([one?.state, one?.fault, one?.uploadable]).toEqual(['failed', 'too many files', true]);
    if (one) await previews.again(one);
    expect([one?.state, one?.fault, one?.told?.file]).toEqual(['read', '', 'a.csv']);
  });

  it('of a request that an upload would repeat leave nothing to upload', async () => {
    const { previews } = queues(() => Promise.reject(new Problem(422, 'invalid-request', 'query.name')));
    await previews.add([file('a.csv')], LIMITS);
    expect(previews.all.map((one) => [one.state, one.fault])).toEqual([['rejected', 'query.name']]);
    expect(previews.uploadable).toEqual([]);
  });

  it('that are cancelled are gone, also while they are read, and the next one follows', async () => {
    const { previews, sent } = queues(
      (one, _plant, signal) =>
        new Promise((resolve, reject) => {
          if (one.name === 'b.csv') resolve(told('b.csv'));
          else signal.addEventListener('abort', () => reject(signal.reason));
        })
    );
    const working = previews.add([file('a.csv'), file('b.csv'), file('c.csv')], LIMITS);
    for (const one of previews.all.filter((one) => one.file.name !== 'b.csv')) previews.cancel(one);
    await working;
    expect(previews.all.map((one) => [one.file.name, one.state])).toEqual([['b.csv', 'read']]);
    expect(sent).toEqual([]);
  });

  it('are not made of files that the gateway would refuse unread', async () => {
    const { previews, uploads, sent } = queues();
    await previews.add([file('a.exe'), file('b.csv', 101), file('c.csv')], LIMITS);
    expect(previews.all.map((one) => one.file.name)).toEqual(['c.csv']);
    expect(uploads.all.map((one) => one.state)).toEqual(['refused', 'refused']);
    expect(sent).toEqual([]);
  });

  it('end with the page', async () => {
    const signals: AbortSignal[] = [];
    const { previews } = queues((_file, _plant, signal) => {
      signals.push(signal);
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    });
    const working = previews.add([file('a.csv'), file('b.csv')], LIMITS);
    previews.end();
    await working;
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
    expect(previews.all).toEqual([]);
  });
});
