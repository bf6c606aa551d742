/** One lane of a story: a series over time with its band, its lines and the warning's span. */
import uPlot from 'uplot';
import { token } from '#lib/charts/tokens.ts';
import { axisTime } from '#lib/time.ts';

export type LaneLine = { value: number; name: string };
/** A moment of the warning, in seconds since 1970. */
export type LaneMark = { at: number; name: string };
export type Lane = {
  band: readonly [number, number] | null;
  lines: readonly LaneLine[];
  marks: readonly LaneMark[];
  /** Of the warning, in seconds; the end may lie beyond what is shown. */
  span: readonly [number, number];
  format: (value: number) => string;
  /** Whether a set point or threshold is the second series. */
  hasAim: boolean;
  /** Whether the intervals' extremes are the last series. */
  hasExtreme: boolean;
  showsTime: boolean;
  cursor: (index: number | null) => void;
};

const FONT = '11px Inter, system-ui, sans-serif';
const LINE_HEIGHT = 12;
/** Room on the right for the names of limits. */
const MARGIN = 60;
const SYNC = 'warning-story';

/** Room for what is drawn: all values, the band, and the lines that lie near. */
export function domain(
  values: readonly (number | null)[],
  lane: Pick<Lane, 'band' | 'lines'>
): [number, number] {
  const known = [...values.filter((value) => value !== null), ...(lane.band ?? [])];
  if (known.length === 0) return [0, 1];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const near = (high - low || 1) / 2;
  const lines = lane.lines.map((line) => line.value).filter((at) => at > low - near && at < high + near);
  const [from, to] = [Math.min(low, ...lines), Math.max(high, ...lines)];
  const margin = (to - from || 1) * 0.08;
  return [from - margin, to + margin];
}

export function laneOptions(lane: Lane): Omit<uPlot.Options, 'width' | 'height'> {
  const aim: uPlot.Series = { stroke: () => token('ink-2'), width: 1, dash: [4, 4], points: { show: false } };
  const extreme: uPlot.Series = { stroke: () => token('ink'), width: 1, points: { show: false } };
  return {
    cursor: { sync: { key: SYNC }, drag: { x: false, y: false }, y: false, points: { size: 6 } },
    legend: { show: false },
    padding: [6, MARGIN, lane.showsTime ? 0 : 4, 0],
    scales: {
      y: { range: (u) => domain((u.data.slice(1) as (number | null)[][]).flat(), lane) }
    },
    axes: [
      {
        show: lane.showsTime,
        stroke: () => token('ink-3'),
        font: FONT,
        size: 26,
        space: 96,
        grid: { show: false },
        ticks: { stroke: () => token('line'), size: 4, width: 1 },
        values: (_, splits) => splits.map(axisTime)
      },
      {
        stroke: () => token('ink-3'),
        font: FONT,
        size: 52,
        space: 28,
        grid: { stroke: () => token('line'), width: 1 },
        ticks: { show: false },
        values: (_, splits) => splits.map(lane.format)
      }
    ],
    series: [
      {},
      { stroke: () => token('trace'), width: 1.5, points: { show: false } },
      ...(lane.hasAim ? [aim] : []),
      ...(lane.hasExtreme ? [extreme] : [])
    ],
    hooks: {
      drawClear: [(u) => drawBehind(u, lane)],
      draw: [(u) => drawLines(u, lane)],
      setCursor: [(u) => lane.cursor(u.cursor.idx ?? null)]
    }
  };
}

function drawBehind(u: uPlot, lane: Lane): void {
  const { ctx, bbox } = u;
  ctx.save();
  clip(ctx, bbox);
  if (lane.band) {
    const [top, bottom] = [u.valToPos(lane.band[1], 'y', true), u.valToPos(lane.band[0], 'y', true)];
    ctx.fillStyle = token('band');
    ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  }
  const [from, to] = lane.span.map((at) => u.valToPos(Math.min(at, u.scales.x?.max ?? at), 'x', true));
  ctx.globalAlpha = 0.1;
  ctx.fillStyle = token('warning');
  ctx.fillRect(from ?? 0, bbox.top, (to ?? 0) - (from ?? 0), bbox.height);
  ctx.restore();
}

function drawLines(u: uPlot, lane: Lane): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px Inter, system-ui, sans-serif`;
  ctx.lineWidth = devicePixelRatio;
  ctx.fillStyle = token('ink-2');
  ctx.textAlign = 'left';
  ctx.textBaseline = 'alphabetic';
  drawLimits(u, lane.lines);
  clip(ctx, bbox);
  drawMarks(u, lane.marks);
  ctx.restore();
}

/** Limits as dashed lines, named in the margin; of names that would overlap the first is written. */
function drawLimits({ ctx, bbox, valToPos }: uPlot, lines: readonly LaneLine[]): void {
  const dot = devicePixelRatio;
  const right = bbox.left + bbox.width;
  let above = Infinity;
  for (const { value, name } of lines.toSorted((a, b) => a.value - b.value)) {
    const y = valToPos(value, 'y', true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    stroke(ctx, token('ink-2'), [6 * dot, 4 * dot], [bbox.left, y, right, y]);
    const text = Math.min(y + 4 * dot, above - LINE_HEIGHT * dot);
    ctx.fillText(name, right + 6 * dot, text);
    above = text;
  }
}

/** Moments as lines from top to bottom; names that would overlap go below each other. */
function drawMarks({ ctx, bbox, valToPos }: uPlot, marks: readonly LaneMark[]): void {
  const dot = devicePixelRatio;
  const ends: number[] = [];
  for (const { at, name } of marks) {
    const x = valToPos(at, 'x', true);
    stroke(ctx, token('ink-2'), [], [x, bbox.top, x, bbox.top + bbox.height]);
    if (!name) continue;
    const width = ctx.measureText(name).width + 8 * dot;
    const left = x + width > bbox.left + bbox.width ? x - width : x;
    const found = ends.findIndex((end) => end <= left);
    const row = found === -1 ? ends.length : found;
    ends[row] = left + width;
    const base = bbox.top + (row + 1) * LINE_HEIGHT * dot;
    const ink = ctx.fillStyle;
    ctx.fillStyle = token('panel');
    ctx.fillRect(left + 2 * dot, base - (LINE_HEIGHT - 3) * dot, width - 4 * dot, LINE_HEIGHT * dot);
    ctx.fillStyle = ink;
    ctx.fillText(name, left + 4 * dot, base);
  }
}

function clip(ctx: CanvasRenderingContext2D, box: uPlot.BBox): void {
  ctx.beginPath();
  ctx.rect(box.left, box.top, box.width, box.height);
  ctx.clip();
}

function stroke(
  ctx: CanvasRenderingContext2D,
  colour: string,
  dash: number[],
  [x0, y0, x1, y1]: [number, number, number, number]
): void {
  ctx.strokeStyle = colour;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}
