/** Asking for scores: the routes' answers are inference's, which the gateway passes on. */
import { api, unwrap } from '#lib/api/client.ts';
import type { components } from '#lib/api/inference.d.ts';
import type { TagValues } from './csv.ts';

type Shapes = components['schemas'];
type Kept = { history_id: number | null };
export type Prediction = Shapes['PredictAnswer'] & Kept;
type Judged = Shapes['PointwiseAnswer'] & Kept;
export type Explanation = Shapes['ExplainAnswer'];
export type Importance = Shapes['ImportanceAnswer'];
export type BadSignal = Shapes['BadSignal'];
export type Forecast = Shapes['ForecastAnswer'];

/** Risk of the newest of `rows`; kept in the history unless `store` is false.
 *
 * @throws Problem where it is refused, or nobody answers. */
export async function askRisk(plant: string, rows: readonly TagValues[], store = true): Promise<Prediction> {
  const asked = api.POST('/infer/predict', {
    params: { query: { plant, store } },
    body: { readings: rows } as never
  });
  const told = (await unwrap(asked)) as unknown as Prediction | Judged;
  return 'predictions' in told ? ofNewest(told) : told;
}

/** What a plant that judges each row by itself says of the newest. */
function ofNewest(judged: Judged): Prediction {
  const newest = judged.predictions.at(-1);
  const bad = judged.bad_signals.filter(({ reading }) => reading === judged.total - 1);
  return {
    ...judged,
    risk_score: newest?.score ?? 0,
    alarm: newest?.anomaly ?? false,
    anomaly_probability: null,
    horizon_hours: 0,
    imputed: Object.keys(judged.imputed),
    n_imputed: Object.keys(judged.imputed).length,
    out_of_range: Object.keys(judged.out_of_range),
    confidence: newest?.confidence ?? 'none',
    bad_signals: bad,
    rules: judged.rules.at(-1) ?? []
  };
}

/** Why the risk of the newest of `rows` is what it is.
 *
 * @throws Problem */
export async function askWhy(plant: string, rows: readonly TagValues[]): Promise<Explanation> {
  const asked = api.POST('/infer/explain', {
    params: { query: { plant } },
    body: { readings: rows } as never
  });
  return (await unwrap(asked)) as unknown as Explanation;
}

/** What the plant's champion looks at in general.
 *
 * @throws Problem */
export async function askImportance(plant: string): Promise<Importance> {
  const asked = api.GET('/infer/global_importance', { params: { query: { plant } } });
  return (await unwrap(asked)) as unknown as Importance;
}

/** Risks at all horizons, the nearest first; kept in the history.
 *
 * @throws Problem */
export async function askForecasts(plant: string, rows: readonly TagValues[]): Promise<Forecast[]> {
  const body = { recent_observations: rows, horizon: 'all' };
  const asked = api.POST('/infer/forecast', { params: { query: { plant } }, body: body as never });
  const { forecasts } = (await unwrap(asked)) as unknown as { forecasts: Forecast[] };
  return forecasts.toSorted((a, b) => a.horizon_hours - b.horizon_hours);
}
