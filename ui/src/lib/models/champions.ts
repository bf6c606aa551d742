/** Which versions are champion, challenger and the one before; and what a model is asked. Pure. */
import { models as words } from '#lib/texts/models.ts';
import type { Model, ModelsAnswer, ModelVersion } from './models.service.ts';

export type ModelSides = {
  champion: ModelVersion | null;
  challenger: ModelVersion | null;
  previous: ModelVersion | null;
};

/** The versions of the model that is promoted, by their aliases. */
export function sides(found: ModelsAnswer): ModelSides {
  const versions = found.models.find((model) => model.name === found.champion)?.versions ?? [];
  const behind = (alias: string) => versions.find((version) => version.aliases.includes(alias)) ?? null;
  const champion = behind('champion');
  const previous = behind('previous');
  return {
    champion,
    challenger: behind('challenger'),
    previous: previous?.version === champion?.version ? null : previous
  };
}

export function question(model: Model): string {
  const { task, horizon_hours: hours } = model.serving ?? {};
  if (task === 'onset' && hours) return words.questions.onset(hours);
  const named = new Map<string, unknown>(Object.entries(words.questions)).get(task ?? '');
  return typeof named === 'string' ? named : words.questions.unknown;
}

/** A figure of a version with its interval, as it was logged; null where it has none. */
export function loggedFigure(
  version: ModelVersion,
  name: string
): { value: number; low: number; high: number } | null {
  const { [name]: value, [`${name}_low`]: low, [`${name}_high`]: high } = version.metrics;
  return value === undefined || low === undefined || high === undefined ? null : { value, low, high };
}
