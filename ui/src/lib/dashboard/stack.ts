/** How the dashboard's charts hang together. */
import type { SharedAxis } from '#lib/charts/shared.ts';
import { axisTime, plantTime } from '#lib/time.ts';
import { board } from './dashboard-manager.svelte.ts';

const DAY_S = 86_400;

/** What all lanes share; the lowest one shows the time. */
export function stack(showsTime: boolean): SharedAxis {
  return {
    sync: 'dashboard',
    showsTime,
    time: (seconds) => (wide() ? axisTime(seconds) : plantTime(seconds * 1000, 'time')),
    cursor: (seconds) => (board.cursor = seconds),
    zoom: (from, to) => (board.zoom = [from, to]),
    reset: () => board.follow()
  };
}

function wide(): boolean {
  return board.window !== null && board.window[1] - board.window[0] > DAY_S;
}
