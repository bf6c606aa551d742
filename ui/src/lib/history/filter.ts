/** Which results are meant: as a form holds it, as the gateway wants it, as a sentence; pure. */
import { history as words } from '#lib/texts/history.ts';
import { momentOf } from '#lib/warnings/period.ts';

export type EntryType = 'predict' | 'forecast' | 'auto';
/** Times as forms hold them, on the plant's clock; empty: not limited. */
export type HistoryForm = { type: EntryType | ''; since: string; until: string };
export type HistoryFilter = { type?: EntryType; since?: string; until?: string };

export const EVERYTHING: HistoryForm = { type: '', since: '', until: '' };

/** The filter for the gateway. */
export function filterOf(form: HistoryForm, zone: string): HistoryFilter {
  return {
    ...(form.type && { type: form.type }),
    ...(form.since && { since: momentOf(form.since, zone) }),
    ...(form.until && { until: momentOf(form.until, zone) })
  };
}

/** Why the filter can mean nothing; empty where it can. */
export function faultOf(form: HistoryForm): string {
  return form.since && form.until && form.until <= form.since ? words.order : '';
}

/** What is meant, within a sentence. */
export function describeFilter(form: HistoryForm): string {
  const parts = [
    form.type && words.ofType(words.types[form.type]),
    form.since && words.from(form.since.replace('T', ' ')),
    form.until && words.before(form.until.replace('T', ' '))
  ].filter((part) => part !== '');
  return parts.length === 0 ? words.all : words.meant(parts);
}
