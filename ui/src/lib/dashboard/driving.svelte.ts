/** The tag that drives the risk, and where it is going: in a sentence. */
import { live } from '#lib/live/live-manager.svelte.ts';
import { plants, type Tag } from '#lib/plant/plants-manager.svelte.ts';
import { reading } from '#lib/numbers.ts';
import { dashboard } from '#lib/texts/dashboard.ts';
import { drivers as driversOf } from '#lib/warnings/warning.ts';
import { board } from './dashboard-manager.svelte.ts';
import { drivers } from './drivers-manager.svelte.ts';
import { moves, slope } from './plant-view.ts';
import { worstWarning } from './risk.ts';

const words = dashboard.strip;

class Driving {
  /** The tag that pushes most towards the alarm: of the worst warning, else of the newest row. */
  readonly tag = $derived.by<Tag | null>(() => {
    const warning = worstWarning(live.openWarnings);
    const named = (warning && driversOf(warning)) ?? drivers.found?.tags ?? [];
    for (const driver of named) {
      const tag = plants.tags.get(driver.tag) ?? plants.tags.get(`${driver.tag}_PV`);
      if (driver.contribution > 0 && tag) return tag;
    }
    return null;
  });

  readonly sentence = $derived.by(() => {
    void board.readings.version;
    const { tag } = this;
    if (!tag) return '';
    const values = board.readings.of(tag.name);
    const newest = values.findLast((value) => value !== null);
    const at = `${reading(newest, tag)}\u00a0${tag.unit}`;
    const perHour = slope(board.readings.times, values);
    if (perHour === null || !moves(tag, perHour)) return words.steady(tag.name, at);
    const size = Math.abs(perHour);
    const by = `${size.toFixed(size >= 10 ? 0 : size >= 1 ? 1 : 2)}\u00a0${tag.unit}`;
    return (perHour > 0 ? words.rising : words.falling)(tag.name, by, at);
  });
}

export const driving = new Driving();
