/** The one place where what comes by the stream is held against the gateway's document of it. */
import type { LiveEvent, Quality, Warning } from './types.ts';
import {
  anything,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  pair,
  record,
  text,
  truth
} from './shape.ts';
import type { Guard } from './shape.ts';

type Data<Kind extends LiveEvent['event']> = Extract<LiveEvent, { event: Kind }>['data'];

const quality: Guard<Quality> = oneOf('good', 'held', 'stale', 'frozen', 'saturated', 'missing');
const change = oneOf(
  'opened', 'acknowledged', 'shelved', 'unshelved', 'shelf_expired', 'judged',
  'came', 'missed', 'stale', 'fresh', 'escalated', 'cleared', 'advised'
); // prettier-ignore
const crossed = object<Warning['crossed']>({
  rule: nullable(text), description: text, probability: number, threshold: nullable(number)
}); // prettier-ignore
const judgement = object<NonNullable<Warning['judgement']>>({
  verdict: oneOf('true', 'false', 'unsure'), at: text, by: text, note: text,
  start: nullable(text), end: nullable(text), label: nullable(pair(text)), label_missing: text
}); // prettier-ignore
const warning = object<Warning>({
  id: number, plant: text, kind: oneOf('model', 'rule'), crossed, model: text, version: number,
  state: oneOf('new', 'acknowledged', 'shelved', 'cleared'),
  horizon_hours: number, opened_horizon_hours: number,
  outcome: nullable(oneOf('open', 'came_true', 'early', 'late', 'missed', 'false', 'unknown')),
  lead_hours: nullable(number), missed_by_hours: nullable(number),
  missed_time: nullable(text), escalated_time: nullable(text),
  since: text, group_id: number, repeat: number, first_since: text, opened_at: text, peak: number, peak_time: text, newest_time: text,
  came_time: nullable(text), stale_since: nullable(text), cleared_time: nullable(text), cleared_at: nullable(text),
  drivers: nullable(list(anything)), advice: nullable(list(anything)), missing: text, prediction_ids: record(text),
  acknowledged_at: nullable(text), acknowledged_by: nullable(text),
  shelf: nullable(object({ until: text, by: nullable(text), reason: nullable(text) })),
  judgement: nullable(judgement)
}); // prettier-ignore
const score = object<Data<'scores'>['scores'][number]>({
  horizon_hours: number, probability: number, low: nullable(number), high: nullable(number),
  threshold: nullable(number), calibrated: truth, alarm: truth, model: text, version: number, prediction_id: text,
  confidence: oneOf('full', 'reduced', 'none'), bad_signals: list(text)
}); // prettier-ignore

const shapes: { [Kind in LiveEvent['event']]: Guard<Data<Kind>> } = {
  reading: object({
    plant: text, number, timestamp: text, values: record(nullable(number)), quality: record(quality)
  }),
  scores: object({
    id: number, number, plant: text, plant_time: text, risk: number, alarm: truth, passed_over: number,
    scores: list(score), rules: list(text), stale: list(text)
  }),
  status: object({
    role: text, services: record(text), backlog: number, stale: list(text),
    plant: nullable(text), plant_time: nullable(text), scored_time: nullable(text)
  }),
  warning: object({ change, warning }),
  run: object({
    id: text, plant: nullable(text), job: text, status: text, steps_done: number, steps_failed: number,
    steps_total: nullable(number), started: nullable(number), ended: nullable(number)
  }),
  model: object({
    plant: text, name: text, version: nullable(number), aliases: list(text), previous: nullable(number),
    action: optional(nullable(oneOf('promote', 'rollback'))), by: optional(nullable(text))
  }),
  gap: object({ after: number, newest: number })
}; // prettier-ignore

/** An event of the stream; null where this page doesn't know such a one, which is told on the console. */
export function parseEvent(kind: string, json: string): LiveEvent | null {
  const event = { event: kind, data: parseJson(json) };
  if (isLiveEvent(event)) return event;
  console.error(`events: one of type ${kind} isn’t as expected and is left out`, json);
  return null;
}

function isLiveEvent(event: { event: string; data: unknown }): event is LiveEvent {
  return Object.entries(shapes).some(([kind, check]) => kind === event.event && check(event.data));
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
