/** The risk so far over its threshold, and right of now what is forecast: points of other models, each with its interval. */
import type uPlot from 'uplot';
import { stackOptions, verticalLine, type ChartOptions, type SharedAxis } from '#lib/charts/shared.ts';
import { token } from '#lib/charts/tokens.ts';
import type { ScoredRow } from '#lib/live/types.ts';
import { overThreshold } from './risk.ts';

const HOUR_S = 3600;
/** Upper ends of the axis, in thresholds; what is beyond the last is drawn at its edge. */
const TOPS = [2.1, 5.2] as const;
type Point = { x: number; y: number; low: number; high: number; alarm: boolean };

/** Upper end of the axis: room for all that is drawn, in steps that stay, and always for the threshold. */
export function top(highest: number, row: ScoredRow | null): number {
  const ahead = (row?.scores ?? []).map((score) => overThreshold(score) ?? 0);
  return Math.max(highest, ...ahead) <= TOPS[0] ? TOPS[0] : TOPS[1];
}

export function riskOptions(shared: SharedAxis, newest: () => ScoredRow | null): ChartOptions {
  return stackOptions(shared, {
    series: [{ stroke: () => token('ink'), width: 1.5, points: { show: false } }],
    y: { range: (_, __, high) => [0, top(high ?? 0, newest())] },
    axis: { space: 22, values: (_, splits) => splits.map((value) => `${value}`) },
    hooks: { draw: [drawThreshold, (u) => drawAhead(u, newest())] }
  });
}

/** The threshold of each model, which is 1 for all. */
function drawThreshold(u: uPlot): void {
  const { ctx, bbox } = u;
  const y = u.valToPos(1, 'y', true);
  ctx.save();
  ctx.strokeStyle = token('ink-2');
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

/** Each score by itself: they are answers to different questions, so no line joins them. */
function drawAhead(u: uPlot, row: ScoredRow | null): void {
  if (!row) return;
  const from = Date.parse(row.plant_time) / 1000;
  verticalLine(u, from, 'ink');
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const score of row.scores) {
    const { threshold } = score;
    if (!threshold) continue;
    const place = (value: number) => Math.max(u.valToPos(value / threshold, 'y', true), bbox.top);
    drawPoint(ctx, {
      x: u.valToPos(from + score.horizon_hours * HOUR_S, 'x', true),
      y: place(score.probability),
      low: place(score.low ?? score.probability),
      high: place(score.high ?? score.probability),
      alarm: score.alarm
    });
  }
  ctx.restore();
}

/** A score with its interval; one that is an alarm is a triangle. */
function drawPoint(ctx: CanvasRenderingContext2D, { x, y, low, high, alarm }: Point): void {
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
