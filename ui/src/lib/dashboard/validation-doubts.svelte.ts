/** At which horizons the validation report of what answers doesn't trust it, and why. */
import { api, unwrap } from '#lib/api/client.ts';
import { Latest } from '#lib/latest.ts';

class ValidationDoubts {
  /** Hours ahead → why; none where nobody knows, as a plant without a report. */
  doubts = $state.raw<ReadonlyMap<number, string>>(new Map());
  readonly #latest = new Latest();

  /** Of a plant and the version that answers; of the newest report where that isn't known. */
  async read(plant: string, version?: number): Promise<void> {
    await this.#latest.settle(
      unwrap(api.GET('/models/figures', { params: { query: { plant, version } } })),
      ({ horizons }) => {
        const doubted = horizons.filter(({ doubt }) => doubt !== '');
        this.doubts = new Map(doubted.map(({ hours, doubt }) => [hours, doubt]));
      },
      () => (this.doubts = new Map())
    );
  }
}

export const validation = new ValidationDoubts();
