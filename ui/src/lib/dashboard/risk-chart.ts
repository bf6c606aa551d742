/** The risk so far, and right of now what is forecast: points with their intervals, opening like a fan. */
import type uPlot from 'uplot';
import { stackOptions, verticalLine, type ChartOptions, type SharedAxis } from '#lib/charts/shared.ts';
import { token } from '#lib/charts/tokens.ts';
import type { ScoredRow } from '#lib/live/types.ts';

const HOUR_S = 3600;
const LEAST_TOP = 20;
type Point = { x: number; y: number; low: number; high: number };

/** Upper end of the risk's axis, in per cent: room for all that is drawn, in steps that stay. */
export function top(highest: number, row: ScoredRow | null): number {
  const ahead = (row?.scores ?? []).map((score) => 100 * (score.high ?? score.probability));
  const needed = Math.max(LEAST_TOP, highest, ...ahead);
  return needed <= 20 ? 21 : needed <= 50 ? 52 : 104;
}

export function riskOptions(shared: SharedAxis, newest: () => ScoredRow | null): ChartOptions {
  return stackOptions(shared, {
    series: [{ stroke: () => token('ink'), width: 1.5, points: { show: false } }],
    y: { range: (_, __, high) => [0, top(high ?? 0, newest())] },
    axis: { space: 22, values: (_, splits) => splits.map((value) => `${value}`) },
    hooks: { draw: [(u) => drawFan(u, newest())] }
  });
}

function drawFan(u: uPlot, row: ScoredRow | null): void {
  if (!row) return;
  const from = Date.parse(row.plant_time) / 1000;
  verticalLine(u, from, 'ink');
  const points = row.scores.map<Point>((score) => ({
    x: u.valToPos(from + score.horizon_hours * HOUR_S, 'x', true),
    y: u.valToPos(score.probability * 100, 'y', true),
    low: u.valToPos((score.low ?? score.probability) * 100, 'y', true),
    high: u.valToPos((score.high ?? score.probability) * 100, 'y', true)
  }));
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  fan(ctx, points);
  row.scores.forEach((score, n) => dot(ctx, points[n] as Point, score.alarm));
  ctx.restore();
}

function fan(ctx: CanvasRenderingContext2D, points: readonly Point[]): void {
  ctx.fillStyle = token('band');
  ctx.beginPath();
  for (const { x, high } of points) ctx.lineTo(x, high);
  for (const { x, low } of points.toReversed()) ctx.lineTo(x, low);
  ctx.closePath();
  ctx.fill();
  ctx.strokeStyle = token('ink');
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  for (const { x, y } of points) ctx.lineTo(x, y);
  ctx.stroke();
  ctx.setLineDash([]);
}

/** A forecast with its interval; one that is an alarm is a triangle. */
function dot(ctx: CanvasRenderingContext2D, { x, y, low, high }: Point, alarm: boolean): void {
  const size = 3 * devicePixelRatio;
  ctx.lineWidth = devicePixelRatio;
  ctx.strokeStyle = token('ink-2');
  ctx.beginPath();
  ctx.moveTo(x, low);
  ctx.lineTo(x, high);
  ctx.stroke();
  ctx.fillStyle = token(alarm ? 'warning' : 'ink');
  ctx.beginPath();
  if (alarm) {
    ctx.moveTo(x, y - 1.6 * size);
    ctx.lineTo(x + 1.4 * size, y + size);
    ctx.lineTo(x - 1.4 * size, y + size);
  } else ctx.arc(x, y, size, 0, 7);
  ctx.fill();
}
