/** Which versions are champion, challenger and the one before; and what a model is asked. Pure. */
import { models as words } from '#lib/texts/models.ts';
import type { Model, ModelsAnswer, ModelVersion } from './models.service.ts';

export type ModelSides = {
  champion: ModelVersion | null;
  challenger: ModelVersion | null;
  /** What a rollback makes champion; null: there is none. */
  rollback: number | null;
  /** All versions, the newest first. */
  versions: readonly ModelVersion[];
};

/** The versions of the model that is promoted, by their aliases. */
export function sides(found: ModelsAnswer): ModelSides {
  const versions = found.models.find((model) => model.name === found.champion)?.versions ?? [];
  const behind = (alias: string) => versions.find((version) => version.aliases.includes(alias)) ?? null;
  return {
    champion: behind('champion'),
    challenger: behind('challenger'),
    rollback: found.rollback,
    versions
  };
}

/** Why no version waits: only the newest one's serving means that there is nothing newer. */
export function noChallenger({ champion, versions }: ModelSides): string {
  const newest = versions[0];
  if (!newest || !champion) return words.sides.noVersion;
  return newest.version === champion.version
    ? words.sides.newestServes
    : words.sides.notChosen(newest.version, champion.version);
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
