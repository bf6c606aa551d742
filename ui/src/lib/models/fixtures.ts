/** Models for tests. */
import type { Model, ModelsAnswer, ModelVersion } from './models.service.ts';

export const version = (number: number, aliases: string[]): ModelVersion => ({
  version: number,
  aliases,
  created: '2026-01-01T00:00:00Z',
  algorithm: 'random_forest',
  data_fingerprint: 'f'.repeat(64),
  run_id: `run-${number}`,
  dagster_run: '',
  unloadable: '',
  metrics: {}
});

export const model = (task: string, hours: number, versions: ModelVersion[] = []): Model => ({
  name: 'demo_alarm_champion',
  short_name: 'champion',
  title: 'The best',
  versions,
  serving: {
    version: 1,
    status: 'ready',
    aliases: ['champion'],
    task,
    horizon_hours: hours,
    fault: '',
    data_fingerprint: '',
    metrics: {}
  }
});

export const modelsOf = (versions: ModelVersion[]): ModelsAnswer => ({
  plant: 'demo',
  champion: 'demo_alarm_champion',
  models: [model('nowcast', 0, versions)],
  missing: '',
  mlflow: 'http://127.0.0.1:5000',
  rollback: null
});
