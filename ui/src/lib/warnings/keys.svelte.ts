/** Letter keys that act on warnings; whether they do is the browser's own setting. */
import { tick } from 'svelte';

const KEY = 'forewarn.keys';
const TYPING = 'input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]';

class Keys {
  enabled = $state(globalThis.localStorage?.getItem(KEY) !== 'off');

  /** Whose Acknowledge is to be gone to as soon as it is shown; 0 is nobody's. */
  awaited = 0;

  enable(on: boolean): void {
    this.enabled = on;
    localStorage.setItem(KEY, on ? 'on' : 'off');
  }

  /** Whether a key press is meant for the page: no modifier, and nobody types. */
  isForPage(event: KeyboardEvent): boolean {
    const typing = event.target instanceof Element && event.target.closest(TYPING) !== null;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.defaultPrevented;
    return this.enabled && plain && !typing;
  }
}

export const keys = new Keys();

/** Where a pressed button has gone, go on beside it instead of at the top of the page. */
export async function keepFocus(beside: HTMLElement | null): Promise<void> {
  await tick();
  if (document.activeElement === document.body) beside?.querySelector<HTMLElement>('a, button')?.focus();
}

/** Move to the newest new warning's Acknowledge; false where there is none on the page. */
export function focusNewest(): boolean {
  const all = [...document.querySelectorAll<HTMLButtonElement>('button[data-acknowledge]:not(:disabled)')];
  const newest = all.toSorted((a, b) => Number(b.dataset.acknowledge) - Number(a.dataset.acknowledge))[0];
  newest?.scrollIntoView({ block: 'nearest' });
  newest?.focus();
  return newest !== undefined;
}
