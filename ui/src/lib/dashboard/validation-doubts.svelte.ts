/** At which horizons the newest validation report doesn't trust the plant's models, and why. */
import { api, unwrap } from '#lib/api/client.ts';
import { Latest } from '#lib/latest.ts';

class ValidationDoubts {
  /** Hours ahead → why; none where nobody knows, as a plant without a report. */
  doubts = $state.raw<ReadonlyMap<number, string>>(new Map());
  readonly #latest = new Latest();

  /** Of a plant; again where another version answers. */
  async read(plant: string): Promise<void> {
    await this.#latest.settle(
      unwrap(api.GET('/models/figures', { params: { query: { plant } } })),
      ({ horizons }) => {
        const doubted = horizons.filter(({ doubt }) => doubt !== '');
        this.doubts = new Map(doubted.map(({ hours, doubt }) => [hours, doubt]));
      },
      () => (this.doubts = new Map())
    );
  }
}

export const validation = new ValidationDoubts();
