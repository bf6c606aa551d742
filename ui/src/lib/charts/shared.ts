/** What charts that stand below each other share: one x, one cursor, the same margins. */
import type uPlot from 'uplot';
import { token } from './tokens.ts';

export type ChartOptions = Omit<uPlot.Options, 'width' | 'height'>;
export type SharedAxis = {
  /** Charts with the same key share their cursor. */
  sync: string;
  /** Whether it is the lowest one, which shows the time. */
  showsTime: boolean;
  time: (seconds: number) => string;
  /** The time under the cursor, null where it has left. */
  cursor: (seconds: number | null) => void;
  zoom: (from: number, to: number) => void;
  reset: () => void;
};

export const LEFT = 56;
export const RIGHT = 28;
export const AXIS_HEIGHT = 22;
const FONT = '11px Inter, system-ui, sans-serif';
const LEAST_ZOOM_PX = 6;
/** Of '05-25 12:00', and air. */
const NAME_WIDTH = 80;

/** Options of a chart in a stack; series, y scale and y axis are its own. */
export function stackOptions(
  shared: SharedAxis,
  own: { series: uPlot.Series[]; y: uPlot.Scale; axis: uPlot.Axis; hooks: uPlot.Hooks.Arrays }
): ChartOptions {
  return {
    padding: [4, RIGHT, shared.showsTime ? 0 : 2, 0],
    legend: { show: false },
    scales: { x: { time: true, auto: false }, y: own.y },
    series: [{}, ...own.series],
    axes: [timeAxis(shared), { ...grey(), size: LEFT, ...own.axis }],
    cursor: {
      sync: { key: shared.sync, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      y: false,
      points: { size: 5 },
      bind: { dblclick: () => () => (shared.reset(), null) }
    },
    hooks: {
      ...own.hooks,
      setCursor: [(u) => shared.cursor(pointedAt(u))],
      setSelect: [(u) => zoomToSelection(u, shared.zoom)]
    }
  };
}

/** Axes in quiet grey. */
export function grey(): uPlot.Axis {
  return {
    stroke: () => token('ink-2'),
    font: FONT,
    grid: { stroke: () => token('line'), width: 1 },
    ticks: { show: false }
  };
}

/** A text beside or inside a drawing, in the page's type. */
export function textStyle(context: CanvasRenderingContext2D, colour: string): void {
  context.font = `${11 * devicePixelRatio}px Inter, system-ui, sans-serif`;
  context.fillStyle = token(colour);
  context.textBaseline = 'middle';
  context.textAlign = 'left';
}

/** A vertical line from top to bottom. */
export function verticalLine(u: uPlot, seconds: number, colour: string, dash: number[] = []): void {
  const x = Math.round(u.valToPos(seconds, 'x', true));
  const { left, top, width, height } = u.bbox;
  if (x < left || x > left + width) return;
  u.ctx.save();
  u.ctx.strokeStyle = token(colour);
  u.ctx.lineWidth = devicePixelRatio;
  u.ctx.setLineDash(dash.map((part) => part * devicePixelRatio));
  u.ctx.beginPath();
  u.ctx.moveTo(x, top);
  u.ctx.lineTo(x, top + height);
  u.ctx.stroke();
  u.ctx.restore();
}

function timeAxis({ showsTime, time }: SharedAxis): uPlot.Axis {
  if (!showsTime) return { ...grey(), size: 0, values: () => [] };
  return {
    ...grey(),
    size: AXIS_HEIGHT,
    space: 90,
    values: (u, splits) => splits.map((at) => (isCut(u, at) ? '' : time(at)))
  };
}

/** Whether a time's name, in the middle below its line, would not fit on the right. */
function isCut(u: uPlot, at: number): boolean {
  const room = u.bbox.width / devicePixelRatio + RIGHT - u.valToPos(at, 'x');
  return room < NAME_WIDTH / 2;
}

function pointedAt(u: uPlot): number | null {
  const { left, idx } = u.cursor;
  if (left === undefined || left < 0 || idx === null || idx === undefined) return null;
  return u.data[0][idx] ?? null;
}

function zoomToSelection(u: uPlot, zoom: SharedAxis['zoom']): void {
  const { left, width } = u.select;
  if (width < LEAST_ZOOM_PX) return;
  zoom(u.posToVal(left, 'x'), u.posToVal(left + width, 'x'));
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}
