import { describe, expect, it, vi } from 'vitest';
import { Problem } from '#lib/api/problem.ts';
import { refusal, UploadQueue } from './uploads-manager.svelte.ts';

const LIMITS = { upload_most_bytes: 100, extensions: ['.csv', '.parquet'] };
const file = (name: string, size = 10) => new File(['x'.repeat(size)], name);

describe('uploads', () => {
  it('are sent one after the other, in the order in which they were chosen', async () => {
    const sent: string[] = [];
    const arrived = vi.fn();
    const uploads = new UploadQueue('demo', arrived, async (one, plant, tell) => {
      sent.push(`${plant} ${one.name}`);
      expect(uploads.all.filter((other) => other.state === 'sending')).toHaveLength(1);
      tell(5);
    });
    await uploads.add([file('a.csv'), file('b.csv')], LIMITS);
    await uploads.add([file('c.csv')], LIMITS);
    expect(sent).toEqual(['demo a.csv', 'demo b.csv', 'demo c.csv']);
    expect(uploads.all.map((one) => [one.file.name, one.state, one.percent])).toEqual([
      ['c.csv', 'done', 50],
      ['b.csv', 'done', 50],
      ['a.csv', 'done', 50]
    ]);
    expect(arrived).toHaveBeenCalledTimes(3);
  });

  it('that are refused say why, and can be tried again', async () => {
    const send = vi.fn().mockRejectedValueOnce(new Problem(409, 'file-there', 'a.csv lies there')).mockResolvedValue(undefined); // prettier-ignore
    const uploads = new UploadQueue('demo', () => undefined, send);
    await uploads.add([file('a.csv')], LIMITS);
    const [one] = uploads.all;
    expect([one?.state, one?.fault]).toEqual(['refused', 'a.csv lies there']);
    if (one) await uploads.retry(one);
    expect([one?.state, one?.fault]).toEqual(['done', '']);
  });

  it('can be stopped, before and while they are sent', async () => {
    const send = vi.fn(
      (_file: File, _plant: string, _tell: (bytes: number) => void, signal: AbortSignal) =>
        new Promise<void>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        })
    );
    const uploads = new UploadQueue('demo', () => undefined, send);
    const working = uploads.add([file('a.csv'), file('b.csv')], LIMITS);
    for (const one of uploads.all) one.stop();
    await working;
    expect(uploads.all.map((one) => one.state)).toEqual(['stopped', 'stopped']);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('that the gateway would refuse are not sent', async () => {
    const send = vi.fn();
    const uploads = new UploadQueue('demo', () => undefined, send);
    await uploads.add([file('a.exe'), file('b.csv', 101), file('c.csv', 0)], LIMITS);
    expect(uploads.all.map((one) => one.state)).toEqual(['refused', 'refused', 'refused']);
    expect(send).not.toHaveBeenCalled();
  });

  it('may have extensions in capitals', () => {
    expect(refusal({ name: 'A.CSV', size: 1 }, LIMITS)).toBe('');
  });
});
