/** The trend of one tag: normal band behind, limits as lines, the set point dashed, the extreme that rules read, now. */
import type uPlot from 'uplot';
import {
  stackOptions,
  textStyle,
  verticalLine,
  type ChartOptions,
  type SharedAxis
} from '#lib/charts/shared.ts';
import { token } from '#lib/charts/tokens.ts';
import { reading } from '#lib/numbers.ts';
import type { Tag } from '#lib/plant/plants-manager.svelte.ts';
import { limits } from './plant-view.ts';
import type { Span } from './spans.ts';

/** Names of limits that lie close stand above each other. */
const NAME_HEIGHT = 11;

/** From where to where y goes: all values, the normal band, and a margin. */
export function reach(tag: Tag, low: number | null, high: number | null): [number, number] {
  const ends = [low, high, ...(tag.normal ?? [])].filter((end) => end !== null && Number.isFinite(end));
  if (ends.length === 0) return [tag.range[0], tag.range[1]];
  const [from, to] = [Math.min(...(ends as number[])), Math.max(...(ends as number[]))];
  const margin = (to - from || 1) * 0.1;
  return [from - margin, to + margin];
}

/** `shades` are times that are marked behind the trend, such as those labelled as alarms; `anomalies` of single readings. */
export function tagOptions(
  tag: Tag,
  shared: SharedAxis,
  now: () => number | null,
  shades: () => readonly Span[] = () => [],
  anomalies: () => readonly number[] = () => []
): ChartOptions {
  return stackOptions(shared, {
    series: [
      { stroke: () => token('trace'), width: 1.5, points: { show: false } },
      { stroke: () => token('ink-3'), width: 1, dash: [4, 4], points: { show: false } },
      { stroke: () => token('ink'), width: 1, points: { show: false } }
    ],
    y: { range: (_, low, high) => reach(tag, low, high) },
    axis: { space: 28, values: (_, splits) => splits.map((value) => reading(value, tag)) },
    hooks: {
      drawClear: [(u) => band(u, tag), (u) => shade(u, shades())],
      draw: [
        (u) => drawLimits(u, tag),
        (u) => drawAnomalies(u, anomalies()),
        (u) => verticalLine(u, now() ?? -1, 'ink')
      ]
    }
  });
}

function band(u: uPlot, tag: Tag): void {
  if (!tag.normal || u.scales.y?.min === undefined) return;
  const { left, top, width, height } = u.bbox;
  const high = Math.max(top, u.valToPos(tag.normal[1], 'y', true));
  const low = Math.min(top + height, u.valToPos(tag.normal[0], 'y', true));
  u.ctx.fillStyle = token('band');
  u.ctx.fillRect(left, high, width, low - high);
}

function shade(u: uPlot, spans: readonly Span[]): void {
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.fillStyle = token('high');
  u.ctx.globalAlpha = 0.12;
  for (const span of spans) {
    const from = Math.max(left, u.valToPos(span.from, 'x', true));
    const to = Math.min(left + width, span.to === null ? Infinity : u.valToPos(span.to, 'x', true));
    if (to > from) u.ctx.fillRect(from, top, Math.max(devicePixelRatio, to - from), height);
  }
  u.ctx.restore();
}

function drawLimits(u: uPlot, tag: Tag): void {
  const { ctx, bbox } = u;
  const right = bbox.left + bbox.width;
  ctx.save();
  textStyle(ctx, 'ink-2');
  ctx.strokeStyle = token('ink-3');
  ctx.lineWidth = devicePixelRatio;
  let above = Infinity;
  for (const [name, value] of limits(tag)) {
    const y = Math.round(u.valToPos(value, 'y', true));
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.setLineDash(name.length === 2 ? [] : [3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(right, y);
    ctx.stroke();
    const apart = Math.min(
      y,
      above - NAME_HEIGHT * devicePixelRatio,
      bbox.top + bbox.height - 5 * devicePixelRatio
    );
    ctx.fillText(name, right + 4 * devicePixelRatio, apart);
    above = apart;
  }
  ctx.restore();
}

/** A dot on each reading that is an anomaly. */
function drawAnomalies(u: uPlot, times: readonly number[]): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.fillStyle = token('high');
  for (const time of times) {
    const row = u.valToIdx(time);
    const value = u.data[0][row] === time ? u.data[1]?.[row] : null;
    if (value === null || value === undefined) continue;
    const [x, y] = [u.valToPos(time, 'x', true), u.valToPos(value, 'y', true)];
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.arc(x, y, 4 * devicePixelRatio, 0, 7);
    ctx.fill();
  }
  ctx.restore();
}
