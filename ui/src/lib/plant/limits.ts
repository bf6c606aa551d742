/** Alarm limits of tags, as a plant's profile gives them. */
import type { Tag } from './plants-manager.svelte.ts';

export type LimitName = 'LL' | 'L' | 'H' | 'HH';

/** The worst limit that a value has crossed. */
export function crossedLimit(tag: Tag, value: number | null | undefined): LimitName | null {
  if (value === null || value === undefined) return null;
  const { LL, L, H, HH } = tag.limits;
  if (HH !== null && HH !== undefined && value >= HH) return 'HH';
  if (LL !== null && LL !== undefined && value <= LL) return 'LL';
  if (H !== null && H !== undefined && value >= H) return 'H';
  return L !== null && L !== undefined && value <= L ? 'L' : null;
}
