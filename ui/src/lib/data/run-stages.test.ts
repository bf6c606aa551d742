import { describe, expect, it } from 'vitest';
import { run, step } from './fixtures.ts';
import { stepTitle, stages, STAGES } from './run-stages.ts';

describe('the stages of a run', () => {
  it('are six, in their order, whatever steps there are', () => {
    expect(stages(run([]), 0).map((stage) => [stage.name, stage.state])).toEqual(
      STAGES.map((name) => [name, 'absent'])
    );
  });

  it('hold each step once', () => {
    const names = ['raw_sensor_data', 'instruments', 'features_schema', 'labeled_dataset', 'challenger', 'forecaster_1h', 'validation_report', 'champion']; // prettier-ignore
    const found = stages(run(names.map((name) => step(name, 'waiting'))), 0);
    expect(found.map((stage) => stage.steps.map((one) => one.name))).toEqual([
      ['raw_sensor_data'],
      ['instruments', 'features_schema'],
      ['labeled_dataset'],
      ['challenger', 'forecaster_1h'],
      ['validation_report'],
      ['champion']
    ]);
  });

  it('run from their first step to their last', () => {
    const state = (...steps: ReturnType<typeof step>[]) => stages(run(steps), 0)[3]?.state;
    expect(state(step('a', 'waiting'), step('b', 'waiting'))).toBe('waiting');
    expect(state(step('a', 'done'), step('b', 'waiting'))).toBe('running');
    expect(state(step('a', 'running'), step('b', 'waiting'))).toBe('running');
    expect(state(step('a', 'done'), step('b', 'done'))).toBe('done');
    expect(state(step('a', 'failed'), step('b', 'running'))).toBe('failed');
    expect(state(step('a', 'done'), step('b', 'skipped'))).toBe('skipped');
  });

  it('add up the times of their steps, up to now for what still runs', () => {
    const [ingest, , , models] = stages(
      run([step('raw_sensor_data', 'done', 1, 3), step('a', 'done', 3, 4), step('b', 'running', 5)]),
      7000
    );
    expect([ingest?.ms, models?.ms, models?.done]).toEqual([2000, 3000, 1]);
    expect(stages(run([step('a', 'waiting')]), 7000)[3]?.ms).toBeNull();
  });

  it('have steps with names that can be read', () => {
    expect(stepTitle('raw_sensor_data_raw_sensor_data_schema')).toBe('raw sensor data schema');
    expect(stepTitle('forecaster_1h')).toBe('forecaster 1h');
  });

  it('stop with the run, also a step that was killed', () => {
    const killed = run([step('a', 'running', 5)], { ended: new Date(6000).toISOString() });
    expect(stages(killed, 60_000)[3]?.ms).toBe(1000);
  });
});
