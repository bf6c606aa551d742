/** Colours of the page for a canvas, which knows no custom properties. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** The hue and dash of the n-th trace: never colour alone. */
export function trace(n: number): { stroke: string; dash: number[] } {
  const dashes = [[], [6, 3], [2, 3], [8, 3, 2, 3], [12, 4], [1, 2]];
  return { stroke: token(`hue-${(n % 6) + 1}`), dash: dashes[n % 6] ?? [] };
}
