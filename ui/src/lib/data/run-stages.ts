/** A run's steps as the six stages that people know; pure. */
import type { RunAnswer, Step } from './data.service.ts';

export const STAGES = ['ingest', 'checks', 'features', 'models', 'report', 'live'] as const;
export type StageName = (typeof STAGES)[number];
export type StageState = Step['state'] | 'absent';
export type Stage = {
  name: StageName;
  state: StageState;
  steps: readonly Step[];
  done: number;
  /** Its length so far in ms: from its first step's start to its last one's end; null before it began. */
  ms: number | null;
};

const OF_STEP: Record<string, StageName> = {
  raw_sensor_data: 'ingest',
  instruments: 'checks',
  drift: 'checks',
  labeled_dataset: 'features',
  features: 'features',
  window_features: 'features',
  smote_features: 'features',
  validation_report: 'report',
  champion: 'live'
};

/** The stages, all six of them; those that the run hasn't are `absent`.
 *
 * @param now wall clock in ms, for what still runs. */
export function stages(run: RunAnswer, now: number): Stage[] {
  return STAGES.map((name) => {
    const steps = run.steps.filter((step) => stageOf(step) === name);
    return {
      name,
      steps,
      state: stateOf(steps),
      done: steps.filter((step) => step.state === 'done').length,
      ms: steps.reduce<number | null>((sum, step) => addTimes(sum, durationOf(step, now, run.ended)), null)
    };
  });
}

export function stageOf(step: Step): StageName {
  return OF_STEP[step.name] ?? (step.name.endsWith('_schema') ? 'checks' : 'models');
}

/** How long a step took, or takes so far; null before it began. */
export function durationOf(step: Step, now: number, runEnded: string | null = null): number | null {
  if (step.started === null) return null;
  const end = step.ended ?? runEnded;
  return Math.max(0, (end === null ? now : Date.parse(end)) - Date.parse(step.started));
}

/** A step's name for people: a check of a table is called by the table, which its key holds twice. */
export function stepTitle(name: string): string {
  const table = /^(.+)_\1_schema$/.exec(name);
  return (table ? `${table[1]} schema` : name).replaceAll('_', ' ');
}

function stateOf(steps: readonly Step[]): StageState {
  const has = (state: Step['state']) => steps.some((step) => step.state === state);
  if (steps.length === 0) return 'absent';
  if (has('failed')) return 'failed';
  if (has('running')) return 'running';
  if (steps.every((step) => step.state === 'done')) return 'done';
  if (has('waiting')) return has('done') ? 'running' : 'waiting';
  return 'skipped';
}

function addTimes(sum: number | null, more: number | null): number | null {
  return more === null ? sum : (sum ?? 0) + more;
}
