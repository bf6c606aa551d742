/** Figures of many latencies; pure. */

export type LatencySummary = {
  count: number;
  mean: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
};
export type LatencyBin = { from: number; to: number; count: number };

/** The smallest value that at least `share` of all values don't exceed (nearest rank).
 *
 * @param sorted rising; @param share above 0 to 1. NaN without values. */
export function percentile(sorted: readonly number[], share: number): number {
  const rank = Math.max(Math.ceil(share * sorted.length), 1);
  return sorted[rank - 1] ?? NaN;
}

/** Null without values. */
export function summary(values: readonly number[]): LatencySummary | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return {
    count: sorted.length,
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    max: sorted.at(-1) ?? NaN
  };
}

/** Bins whose bounds double every `perOctave` bins, from the first with a value to the last; empty ones between stay. */
export function histogram(values: readonly number[], perOctave = 4): LatencyBin[] {
  if (values.length === 0) return [];
  // What took less than a tenth of a unit can't be told apart.
  const place = (value: number) => Math.floor(Math.log2(Math.max(value, 0.1)) * perOctave + 1e-9);
  const places = values.map(place);
  const first = places.reduce((least, one) => Math.min(least, one), Infinity);
  const last = places.reduce((most, one) => Math.max(most, one), -Infinity);
  const bins = Array.from({ length: last - first + 1 }, (_, n) => ({
    from: 2 ** ((first + n) / perOctave),
    to: 2 ** ((first + n + 1) / perOctave),
    count: 0
  }));
  for (const one of places) {
    const bin = bins[one - first];
    if (bin) bin.count += 1;
  }
  return bins;
}

/** How often each text occurs, the most frequent first. */
export function tally(texts: readonly string[]): [string, number][] {
  const found = new Map<string, number>();
  for (const text of texts) found.set(text, (found.get(text) ?? 0) + 1);
  return [...found].toSorted((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
}
