/** The chain from a warning back to the data, as five plates; pure. */
import type { components } from '#lib/api/inference.d.ts';
import type { Warning } from '#lib/live/types.ts';
import { lineage as words } from '#lib/texts/lineage.ts';
import { warnings } from '#lib/texts/warnings.ts';

export type Lineage = components['schemas']['LineageAnswer'];
export type PlateLink = { name: string; href: string };
export type Plate = {
  kind: string;
  what: string;
  /** Further lines. */
  more: readonly string[];
  when: { name: string; at: string } | null;
  /** As much of its identity as people compare; empty: none. */
  hash: string;
  whole: string;
  links: readonly PlateLink[];
  /** Whether it couldn't be found out; `what` says so. */
  missing: boolean;
};

const SHORT = 8;
const MOST_FILES = 4;

/** The plate of the warning itself, which is known without anybody's answer. */
export function warningPlate(warning: Warning): Plate {
  return plate(words.warning, {
    what: warnings.number(warning.id),
    more: [warning.plant],
    when: { name: words.opened, at: warning.opened_at }
  });
}

/** The other four plates, in the order of the chain. */
export function plates(found: Lineage): Plate[] {
  return [prediction(found), version(found.model_version), run(found), data(found)];
}

function prediction({ prediction: told, prediction_id }: Lineage): Plate {
  return plate(words.prediction, {
    what: told.model,
    when: { name: words.answered, at: told.at },
    ...hashOf(prediction_id.split('.').at(-1) ?? '', prediction_id)
  });
}

function version(told: Lineage['model_version']): Plate {
  const registered = told.registered && { name: words.registered, at: told.registered };
  const named = [told.algorithm, ...told.aliases].filter((name) => name !== null);
  return plate(words.version, {
    what: `${told.name} ${words.versionName(told.version)}`,
    more: [named.join(', '), told.answers_now ? words.answersNow : words.notNow].filter(Boolean),
    when: registered || null,
    links: [{ name: words.mlflow, href: told.page }]
  });
}

function run({ mlflow_run, dagster_run, model_version }: Lineage): Plate {
  if (mlflow_run === null && dagster_run === null) return missingPlate(words.run, words.noRun);
  const last = dagster_run?.assets.at(-1);
  const links = [
    ...(dagster_run ? [{ name: words.dagster, href: dagster_run.page }] : []),
    ...(mlflow_run ? [{ name: words.mlflow, href: mlflow_run.page }] : []),
    ...(last ? [assetLink(last)] : [])
  ];
  const trained = model_version.trained;
  return plate(words.run, {
    what:
      (dagster_run?.assets ?? []).map((asset) => asset.key.split('/').at(-1)).join(' → ') || words.unknown,
    when: trained ? { name: words.trained, at: trained } : null,
    ...hashOf(dagster_run?.run_id ?? mlflow_run?.run_id ?? ''),
    links
  });
}

function data({ data: told, dagster_run }: Lineage): Plate {
  if (told === null) return missingPlate(words.data, words.noData);
  const files = (told.files ?? []).map(
    (file) => `${file.name || words.nameless}: ${words.fileRows(file.first_row, file.last_row)}`
  );
  const hidden = files.length - MOST_FILES;
  return plate(words.data, {
    what: words.rows(told.rows),
    more: [
      ...files.slice(0, MOST_FILES),
      ...(hidden > 0 ? [words.moreFiles(hidden)] : []),
      ...(told.further_files ? [words.further(told.further_files, told.further_records ?? 0)] : [])
    ],
    ...hashOf(told.fingerprint),
    links: (dagster_run?.assets ?? []).slice(0, 1).map(assetLink)
  });
}

function assetLink(asset: { key: string; page: string }): PlateLink {
  return { name: asset.key, href: asset.page };
}

function hashOf(whole: string, title = whole): Pick<Plate, 'hash' | 'whole'> {
  return { hash: whole.slice(0, SHORT), whole: title };
}

function missingPlate(kind: string, what: string): Plate {
  return plate(kind, { what, missing: true });
}

function plate(kind: string, told: Partial<Plate> & { what: string }): Plate {
  return { kind, more: [], when: null, hash: '', whole: '', links: [], missing: false, ...told };
}
