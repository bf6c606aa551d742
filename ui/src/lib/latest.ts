/** Of several questions, the last one's answer counts: earlier ones may come late, and are left out. */

/** What became of an answer; `late`: another question was asked meanwhile. */
export type Settled = 'taken' | 'failed' | 'late';

export class Latest {
  #turn = 0;

  /** Wait for an answer, and hand it or its error on unless it is late. */
  async settle<T>(
    asked: Promise<T>,
    take: (answer: T) => void,
    fail: (error: unknown) => void
  ): Promise<Settled> {
    const turn = ++this.#turn;
    try {
      const answer = await asked;
      if (turn !== this.#turn) return 'late';
      take(answer);
      return 'taken';
    } catch (error) {
      if (turn !== this.#turn) return 'late';
      fail(error);
      return 'failed';
    }
  }

  /** Whatever is still asked comes late. */
  cancel(): void {
    this.#turn++;
  }
}
