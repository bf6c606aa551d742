/** What was shelved last in this window, as long as that is offered to be undone. */
import type { Warning } from '#lib/live/types.ts';

const OFFERED_MS = 60_000;

class ShelfManager {
  last = $state.raw<Warning | null>(null);
  #end: ReturnType<typeof setTimeout> | undefined;

  put(warning: Warning): void {
    clearTimeout(this.#end);
    this.last = warning;
    this.#end = setTimeout(() => (this.last = null), OFFERED_MS);
  }

  forget(id: number): void {
    if (this.last?.id !== id) return;
    clearTimeout(this.#end);
    this.last = null;
  }
}

export const shelf = new ShelfManager();
