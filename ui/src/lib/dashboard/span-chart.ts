/** Rows of spans on the trends' time axis: horizons that were alarms, warnings, judged periods. */
import type uPlot from 'uplot';
import {
  stackOptions,
  textStyle,
  verticalLine,
  type ChartOptions,
  type SharedAxis
} from '#lib/charts/shared.ts';
import { token } from '#lib/charts/tokens.ts';
import { placeNames, type PlacedSpan, type Span } from './spans.ts';

export type SpanRow = { name: string; spans: readonly Span[]; colour: string };
export const ROW_HEIGHT = 15;

/** The chart's rows are read anew at each drawing. */
export function spanOptions(
  shared: SharedAxis,
  rows: () => readonly SpanRow[],
  now: () => number | null
): ChartOptions {
  return stackOptions(shared, {
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
    drawRow(u, row, [bbox.top + n * height, height], now);
  });
  ctx.restore();
  verticalLine(u, now, 'ink');
}

/** Spans first and then their names, each where there is room for it. */
function drawRow(u: uPlot, row: SpanRow, place: readonly [number, number], now: number): void {
  const { ctx, bbox } = u;
  const seen = row.spans
    .map<PlacedSpan>((span) => ({
      name: span.name,
      left: u.valToPos(span.from, 'x', true),
      right: u.valToPos(span.to ?? now, 'x', true)
    }))
    .filter((span) => span.right >= bbox.left && span.left <= bbox.left + bbox.width)
    .toSorted((a, b) => a.left - b.left);
  for (const span of seen) drawSpan(ctx, span, row.colour, place);
  textStyle(ctx, 'ink');
  const line = u.valToPos(now, 'x', true);
  const end = line > bbox.left ? line : bbox.left + bbox.width;
  const named = seen.filter((span) => span.name);
  const widths = named.map((span) => ctx.measureText(span.name).width);
  placeNames(named, widths, [bbox.left, end], devicePixelRatio).forEach((x, n) => {
    if (x !== null) ctx.fillText(named[n]?.name ?? '', x, place[0] + place[1] / 2);
  });
}

function drawSpan(
  ctx: CanvasRenderingContext2D,
  { left, right }: PlacedSpan,
  colour: string,
  [top, height]: readonly [number, number]
): void {
  const dot = devicePixelRatio;
  ctx.fillStyle = token(colour);
  ctx.globalAlpha = 0.3;
  ctx.fillRect(left, top + 2 * dot, Math.max(2 * dot, right - left), height - 5 * dot);
  ctx.globalAlpha = 1;
  ctx.fillRect(left, top + 2 * dot, 2 * dot, height - 5 * dot);
}
