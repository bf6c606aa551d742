/** Colours of the page for a canvas, which knows no custom properties. */
const known = new Map<string, string>();
let theme: string | undefined;

/** A colour of the theme that is shown; asked of the browser once a theme, as charts ask at each stroke. */
export function token(name: string): string {
  const shown = document.documentElement.dataset.theme;
  if (shown !== theme) known.clear();
  theme = shown;
  let colour = known.get(name);
  if (colour === undefined) {
    colour = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    known.set(name, colour);
  }
  return colour;
}

/** The hue and dash of the n-th trace: never colour alone. */
export function trace(n: number): { stroke: string; dash: number[] } {
  const dashes = [[], [6, 3], [2, 3], [8, 3, 2, 3], [12, 4], [1, 2]];
  return { stroke: token(`hue-${(n % 6) + 1}`), dash: dashes[n % 6] ?? [] };
}
