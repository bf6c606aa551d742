/** Rows of a dot plot: figures with intervals on one axis; pure. */
import type { Horizon, ModelFigures } from './models.service.ts';

export const FIGURES = [
  'pr_auc',
  'roc_auc',
  'brier',
  'recall',
  'lead',
  'false_hours',
  'false_episodes'
] as const;
export type FigureName = (typeof FIGURES)[number];
export const LOW_IS_GOOD: ReadonlySet<FigureName> = new Set(['brier', 'false_hours', 'false_episodes']);
const SHARES: ReadonlySet<FigureName> = new Set(['pr_auc', 'roc_auc', 'recall']);

export type Dot = { name: string; trivial: boolean; value: number; low: number; high: number };

/** Models and baselines that have the figure, models first, the best first. */
export function dots(horizon: Horizon, figure: FigureName): Dot[] {
  const sign = LOW_IS_GOOD.has(figure) ? 1 : -1;
  return horizon.figures
    .flatMap((result) => dot(result, figure))
    .toSorted((a, b) => Number(a.trivial) - Number(b.trivial) || sign * (a.value - b.value));
}

function dot(result: ModelFigures, figure: FigureName): Dot[] {
  const { value, low, high } = result[figure];
  if (value === null) return [];
  return [{ name: result.model, trivial: result.trivial, value, low: low ?? value, high: high ?? value }];
}

/** The axis: shares from 0 to 1, others over what there is, in round steps. */
export function axis(
  rows: readonly Dot[],
  figure: FigureName
): { from: number; to: number; ticks: number[] } {
  if (SHARES.has(figure)) return { from: 0, to: 1, ticks: [0, 0.2, 0.4, 0.6, 0.8, 1] };
  const most = Math.max(0, ...rows.map((row) => row.high));
  const least = Math.min(0, ...rows.map((row) => row.low));
  const step = round((most - least) / 5 || 0.2);
  const from = Math.floor(least / step) * step;
  const count = Math.max(1, Math.ceil((most - from) / step - 1e-9));
  return {
    from,
    to: from + count * step,
    ticks: Array.from({ length: count + 1 }, (_, n) => from + n * step)
  };
}

/** The next larger of 1, 2, 5 times a power of ten. */
function round(width: number): number {
  const power = 10 ** Math.floor(Math.log10(width));
  return ([1, 2, 5, 10].find((factor) => factor * power >= width - 1e-12) ?? 10) * power;
}
