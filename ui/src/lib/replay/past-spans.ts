/** Labels and past warnings as spans of the trends' time axis; pure. */
import type { SpanRow } from '#lib/dashboard/span-chart.ts';
import type { Span } from '#lib/dashboard/spans.ts';
import { replay as words } from '#lib/texts/replay.ts';
import type { HistoryOverview, LabelledSpan } from './replay.service.ts';

/** A row of spans each for warnings, what operators noted, and rules that were met; rows of nothing are left out. */
export function spanRowsOf({ warnings, labels, interval_s }: HistoryOverview): SpanRow[] {
  const ofKind = (kind: LabelledSpan['kind']) =>
    labels
      .filter((label) => label.kind === kind)
      .map(({ name, start, end }) => ({
        name: name.replaceAll('_', ' '),
        from: start,
        to: end + interval_s
      }));
  const rows: SpanRow[] = [
    {
      name: words.lanes.warnings,
      spans: warnings.map(({ start, end }) => ({ name: '', from: start, to: end })),
      colour: 'warning'
    },
    { name: words.lanes.period, spans: ofKind('period'), colour: 'advice' },
    { name: words.lanes.rule, spans: ofKind('rule'), colour: 'high' }
  ];
  return rows.filter((row, n) => n === 0 || row.spans.length > 0);
}

/** Times that are labelled as alarms; a row lasts until the next one. */
export function alarmShades({ alarms, interval_s }: HistoryOverview): Span[] {
  return alarms.map(([from, to]) => ({ name: '', from, to: to + interval_s }));
}
