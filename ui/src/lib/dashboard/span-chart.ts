/** Rows of spans on the trends' time axis: horizons that were alarms, warnings, judged periods. */
import type uPlot from 'uplot';
import { stacked, textStyle, verticalLine, type Options, type Stacked } from '#lib/charts/shared.ts';
import { token } from '#lib/charts/tokens.ts';
import type { Span } from './spans.ts';

export type SpanRow = { name: string; spans: readonly Span[]; colour: string };
export const ROW_HEIGHT = 15;

/** The chart's rows are read anew at each drawing. */
export function spanOptions(
  shared: Stacked,
  rows: () => readonly SpanRow[],
  now: () => number | null
): Options {
  return stacked(shared, {
    series: [{ show: false }],
    y: { range: () => [0, 1] },
    axis: { grid: { show: false }, values: (_, splits) => splits.map(() => '') },
    hooks: { draw: [(u) => draw(u, rows(), now() ?? -1)] }
  });
}

function draw(u: uPlot, rows: readonly SpanRow[], now: number): void {
  const { ctx, bbox } = u;
  const height = bbox.height / rows.length;
  ctx.save();
  rows.forEach((row, n) => {
    const top = bbox.top + n * height;
    textStyle(ctx, 'ink-2');
    ctx.textAlign = 'right';
    ctx.fillText(row.name, bbox.left - 6 * devicePixelRatio, top + height / 2);
    ctx.fillStyle = token('line');
    ctx.fillRect(bbox.left, Math.round(top + height) - devicePixelRatio, bbox.width, devicePixelRatio);
  });
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.textAlign = 'left';
  rows.forEach((row, n) => {
    for (const span of row.spans) drawSpan(u, span, row.colour, [bbox.top + n * height, height], now);
  });
  ctx.restore();
  verticalLine(u, now, 'ink');
}

function drawSpan(u: uPlot, span: Span, colour: string, [top, height]: [number, number], now: number): void {
  const { ctx } = u;
  const from = u.valToPos(span.from, 'x', true);
  const to = u.valToPos(span.to ?? now, 'x', true);
  const dot = devicePixelRatio;
  ctx.fillStyle = token(colour);
  ctx.globalAlpha = 0.3;
  ctx.fillRect(from, top + 2 * dot, Math.max(2 * dot, to - from), height - 5 * dot);
  ctx.globalAlpha = 1;
  ctx.fillRect(from, top + 2 * dot, 2 * dot, height - 5 * dot);
  if (!span.name) return;
  textStyle(ctx, 'ink');
  ctx.fillText(span.name, Math.max(from, u.bbox.left) + 5 * dot, top + height / 2);
}
