import { afterEach, expect, it, vi } from 'vitest';
import { makeWarning } from '#lib/warnings/fixtures.ts';
import { parseEvent } from './event-shapes.ts';

const told = vi.spyOn(console, 'error').mockReturnValue();
afterEach(() => told.mockClear());

const good: Record<string, object> = {
  reading: {
    plant: 'demo',
    number: 7,
    timestamp: '2024-03-07T08:00:00Z',
    values: { P: 1, T: null },
    quality: { P: 'good', T: 'missing' }
  },
  warning: { change: 'opened', warning: makeWarning() },
  model: { plant: 'demo', name: 'm', version: 4, aliases: [], previous: 3 },
  gap: { after: 7, newest: 9 }
};

it.each(Object.entries(good))('takes a good %s', (kind, data) => {
  expect(parseEvent(kind, JSON.stringify(data))).toEqual({ event: kind, data });
  expect(told).not.toHaveBeenCalled();
});

it.each([
  ['reading', { ...good.reading, values: { P: '1' } }],
  ['reading', { ...good.reading, quality: { P: 'odd' } }],
  ['reading', { ...good.reading, timestamp: undefined }],
  ['warning', { change: 'opened', warning: { ...makeWarning(), shelf: {} } }],
  ['warning', { change: 'forgotten', warning: makeWarning() }],
  ['model', { ...good.model, by: 7 }],
  ['gap', []],
  ['gap', null],
  ['other', {}],
  ['constructor', {}]
])('leaves out a %s that isn’t as expected, and says so', (kind, data) => {
  expect(parseEvent(kind, JSON.stringify(data))).toBeNull();
  expect(told).toHaveBeenCalledOnce();
});

it('leaves out what is no JSON', () => {
  expect(parseEvent('gap', '{"after": 7')).toBeNull();
  expect(told).toHaveBeenCalledOnce();
});
