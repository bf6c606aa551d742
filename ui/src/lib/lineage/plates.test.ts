import { expect, test } from 'vitest';
import { makeWarning } from '#lib/warnings/fixtures.ts';
import { plates, warningPlate, type Lineage } from './plates.ts';

const file = (name: string) => ({
  name,
  sha256: 'f'.repeat(64),
  kind: 'readings' as const,
  dropped_at: null,
  ingested_records: 24,
  first_row: 412,
  last_row: 435,
  first: '2015-01-01T00:00:00Z',
  last: '2015-01-02T00:00:00Z'
});
const found: Lineage = {
  prediction_id: 'demo_alarm_champion.7.01a1fd83.e9f13f02cf989131',
  plant: 'demo',
  prediction: { at: '2026-11-21T09:50:32Z', model: 'demo_alarm_champion', version: 7 },
  model_version: {
    name: 'demo_alarm_champion',
    version: 7,
    aliases: ['champion'],
    answers_now: true,
    registered: '2026-11-21T08:57:39Z',
    algorithm: 'logistic',
    trained: '2026-11-21T08:57:39Z',
    page: 'http://mlflow/v7'
  },
  mlflow_run: { run_id: '83cbdf0a4d934e79', page: 'http://mlflow/run' },
  dagster_run: {
    run_id: 'f5e5f48b-6af0',
    page: 'http://dagster/run',
    assets: [
      { key: 'demo/raw_sensor_data', page: 'http://dagster/raw' },
      { key: 'demo/challenger', page: 'http://dagster/challenger' }
    ]
  },
  data: {
    fingerprint: 'ec17943583b2',
    rows: 672,
    first: null,
    last: null,
    files: [file('export_2015-01.csv')],
    further_files: 0,
    further_records: 0
  },
  notes: []
};

test('the chain has five plates, each with what it is, its hash and its way out', () => {
  const all = [warningPlate(makeWarning()), ...plates(found)];
  expect(all.map((plate) => plate.kind)).toEqual([
    'Warning', 'Prediction', 'Model version', 'Training run', 'Data'
  ]); // prettier-ignore
  expect(all.map((plate) => plate.hash)).toEqual(['', 'e9f13f02', '', 'f5e5f48b', 'ec179435']);
  expect(all[2]?.what).toBe('demo_alarm_champion version 7');
  expect(all.map((plate) => plate.links.map((link) => link.href))).toEqual([
    [],
    [],
    ['http://mlflow/v7'],
    ['http://dagster/run', 'http://mlflow/run', 'http://dagster/challenger'],
    ['http://dagster/raw']
  ]);
  expect(all[4]?.more).toEqual(['export_2015-01.csv: rows 412–435']);
});

test('of many files the newest are named, the others counted', () => {
  const files = ['a', 'b', 'c', 'd', 'e', ''].map(file);
  const data = {
    ...(found.data as NonNullable<Lineage['data']>),
    files,
    further_files: 3,
    further_records: 72
  };
  expect(plates({ ...found, data })[3]?.more.slice(4)).toEqual([
    '2 more files',
    'and 3 older files with 72 records'
  ]);
});

test('what is not known is said in its place', () => {
  const bare = { ...found, mlflow_run: null, dagster_run: null, data: null };
  const missing = plates(bare).map((plate) => plate.missing);
  expect(missing).toEqual([false, false, true, true]);
  const version = { ...found.model_version, registered: null, algorithm: null, answers_now: false };
  const told = plates({ ...found, model_version: version })[1];
  expect([told?.when, told?.more]).toEqual([null, ['champion', 'not serving: another version is']]);
});
