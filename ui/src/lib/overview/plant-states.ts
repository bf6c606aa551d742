/** How each plant is, in a word, and which is worst; pure. */
import type { ScoredRow, Warning } from '#lib/live/types.ts';
import type { Pulse } from '#lib/live/pulses.svelte.ts';
import type { Plant } from '#lib/plant/plants-manager.svelte.ts';
import { overThreshold, worst, worstWarning } from '#lib/dashboard/risk.ts';
import { severity } from '#lib/warnings/warning.ts';

/** The worst first. */
export const WORDS = ['alarm', 'warning', 'stale', 'unserved', 'quiet', 'history'] as const;
export type StateWord = (typeof WORDS)[number];

export type PlantState = {
  plant: Plant;
  word: StateWord;
  /** The open warning that matters most. */
  warning: Warning | null;
  /** Open warnings that aren't shelved. */
  open: number;
  /** Ms since the last reading; null: unknown. */
  age: number | null;
  /** Whether readings should have come since. */
  stale: boolean;
  /** Why its rows aren't scored, as the live service says; empty: they are. */
  fault: string;
  /** Newest scored row. */
  row: ScoredRow | null;
  /** The highest score over its threshold of each row, oldest first. */
  ratios: readonly (number | null)[];
};

const LEAST_STALE_MS = 15_000;
const MISSED_ROWS = 4;

/** How a plant is at a moment, in ms since 1970. */
export function stateOf(plant: Plant, warnings: readonly Warning[], pulse: Pulse, now: number): PlantState {
  const open = warnings.filter(
    (one) => one.plant === plant.name && one.state !== 'cleared' && one.state !== 'shelved'
  );
  const row = pulse.scores.at(-1) ?? null;
  const age = ageOf(plant, pulse, now);
  const state = {
    plant,
    warning: worstWarning(open),
    open: open.length,
    age,
    stale: plant.live && (age === null || age > staleAfter(plant)),
    fault: plant.live ? pulse.fault : '',
    row,
    ratios: pulse.scores.map(highestRatio)
  };
  return { ...state, word: wordOf(state) };
}

/** Plants by how bad they are, then by how near it is; of equal ones by name, as lines that change places can't be read. */
export function worstFirst(states: readonly PlantState[]): PlantState[] {
  const rank = ({ word }: PlantState) => WORDS.indexOf(word);
  const horizon = ({ warning }: PlantState) => warning?.horizon_hours ?? 0;
  return states.toSorted(
    (a, b) => rank(a) - rank(b) || horizon(a) - horizon(b) || a.plant.title.localeCompare(b.plant.title)
  );
}

/** The highest score over its threshold of a row; null where nothing has one. */
export function highestRatio(row: ScoredRow): number | null {
  const found = worst(row);
  return found && overThreshold(found);
}

function wordOf({ plant, warning, stale, fault }: Omit<PlantState, 'word'>): StateWord {
  if (warning) return severity(warning) === 'high' ? 'alarm' : 'warning';
  if (!plant.live) return 'history';
  if (stale) return 'stale';
  return plant.ready === false || fault ? 'unserved' : 'quiet';
}

/** Where a reading has come in this window, since then; else by a real plant's own clock. */
function ageOf(plant: Plant, { scores, heardAt }: Pulse, now: number): number | null {
  if (heardAt !== null) return Math.max(0, now - heardAt);
  const newest = scores.at(-1);
  if (!newest) return null;
  // A simulated plant runs as fast as somebody likes: its clock isn't ours.
  if (plant.simulated) return 0;
  return Math.max(0, now - Date.parse(newest.plant_time) - plant.interval_s * 1000);
}

function staleAfter(plant: Plant): number {
  return Math.max(LEAST_STALE_MS, plant.simulated ? 0 : MISSED_ROWS * plant.interval_s * 1000);
}
