/** The plant's tables as files. */
import { authorizedFetch } from '#lib/api/client.ts';
import { Problem } from '#lib/api/problem.ts';

export const TABLES = ['cleaned_dataset', 'labeled_dataset', 'model_results'] as const;
export type Table = (typeof TABLES)[number];

/** A table as CSV.
 *
 * @throws Problem */
export async function exportTable(plant: string, table: Table): Promise<Blob> {
  const query = new URLSearchParams({ plant });
  const answer = await authorizedFetch(new Request(`${location.origin}/exports/${table}.csv?${query}`));
  if (!answer.ok) throw Problem.of(await answer.json().catch(() => null), answer.status);
  return answer.blob();
}
