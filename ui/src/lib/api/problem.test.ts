import { expect, it } from 'vitest';
import { Problem } from './problem.ts';

it('says what a problem document says, with each fault', () => {
  const problem = Problem.of(
    {
      type: 'urn:forewarn:problem:invalid',
      title: 'Unusable',
      detail: 'features.pdt: unknown',
      errors: [{ field: 'features.pdt', message: 'unknown', expected: 'PDT31008' }]
    },
    422
  );
  expect(problem).toMatchObject({
    status: 422,
    type: 'invalid',
    message: 'features.pdt: unknown',
    away: false
  });
  expect(problem.faults).toEqual([{ field: 'features.pdt', detail: 'unknown; expected PDT31008' }]);
});

it.each([null, 'a text', [], { errors: null }, { errors: {} }, { type: 7, detail: [] }])(
  'makes a sentence of an answer that is none: %j',
  (body) => {
    const problem = Problem.of(body, 503);
    expect(problem.message).toBe('Status 503');
    expect(problem.away).toBe(true);
    expect(problem.faults).toEqual([]);
  }
);
