/** Light or dark: as the system says, until somebody chooses. */
const KEY = 'forewarn.theme';
type Choice = 'light' | 'dark';

class Theme {
  chosen = $state<Choice | null>(read());
  #system = $state<Choice>('light');
  readonly shown = $derived(this.chosen ?? this.#system);

  /** Follow the system, and put the theme on the document. */
  begin(): () => void {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const look = () => (this.#system = dark.matches ? 'dark' : 'light');
    look();
    dark.addEventListener('change', look);
    return () => dark.removeEventListener('change', look);
  }

  toggle(): void {
    this.chosen = this.shown === 'dark' ? 'light' : 'dark';
    localStorage.setItem(KEY, this.chosen);
  }
}

function read(): Choice | null {
  const kept = globalThis.localStorage?.getItem(KEY);
  return kept === 'light' || kept === 'dark' ? kept : null;
}

export const theme = new Theme();
