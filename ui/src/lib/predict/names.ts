/** Names of a model's inputs, as people read them; pure. */
import { risk as words } from '#lib/texts/predict.ts';

/** Names of inputs; `TAG_*` stands for all of the tag's. */
export function inputNames(names: readonly string[]): string[] {
  return names.map((name) => (name.endsWith('*') ? words.allOf(name.replace(/_?\*$/, '')) : name));
}

/** Features by the tag or controller that they belong to: the longest owner that a name begins with. */
export function byOwner<F extends { feature: string }>(
  features: readonly F[],
  owners: readonly string[]
): Map<string, F[]> {
  const sorted = owners.toSorted((a, b) => b.length - a.length);
  const found = new Map<string, F[]>();
  for (const one of features) {
    const owner =
      sorted.find((name) => one.feature === name || one.feature.startsWith(`${name}_`)) ?? one.feature;
    found.set(owner, [...(found.get(owner) ?? []), one]);
  }
  return found;
}
