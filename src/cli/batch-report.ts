// The report on an analysis that has ended: done, failed by reason, re-driven, lanes, cost and saving.

import type { AnalysisView, ApiClient, BatchView } from './api-client.ts';
import { lengthOf, money } from './batch-view.ts';
import { oneLine } from './output.ts';

export async function reportLines(
  client: Pick<ApiClient, 'getBatch'>,
  { analysis, written }: { readonly analysis: AnalysisView; readonly written: readonly string[] },
): Promise<readonly string[]> {
  const batches: BatchView[] = [];
  for (const id of analysis.batch_ids) batches.push(await client.getBatch(id));
  const { document_counts: counts, starts_at: startsAt, ended_at: endedAt, failures, redriven } = analysis;
  const took = endedAt === null ? '' : ` in ${lengthOf(Date.parse(endedAt) - Date.parse(startsAt))}`;
  const reasons = Object.entries(failures).map(([code, count]) => `${count} ${code}`);
  const lines = [
    `${counts.total ?? 0} documents${took}: ${counts.answered} answered, ${counts.failed} failed`,
    ...(reasons.length > 0 ? [`Failed:      ${reasons.join(', ')}`] : []),
    ...(counts.split > 0 ? [`In parts:    ${counts.split}, too long for one request`] : []),
    `Re-driven:   ${redriven} ${redriven === 1 ? 'line' : 'lines'}`,
    ...laneLines(batches),
    `Cost:        ${costText(analysis)}`,
    ...(written.length > 0 ? [`Results:     ${written.join(', ')}`] : []),
    `Analysis:    ${analysis.id}${analysis.temporal.ui_url ? ` · ${analysis.temporal.ui_url}` : ''}`,
  ];
  return lines.map((line) => oneLineKeepingColumns(line));
}

function laneLines(batches: readonly BatchView[]): readonly string[] {
  const lanes = new Map<string, { answered: number; lines: number }>();
  for (const { target, answered, lines } of batches.flatMap((batch) => batch.lanes)) {
    const lane = lanes.get(target ?? 'rescue') ?? { answered: 0, lines: 0 };
    lane.answered += answered;
    lane.lines += lines ?? 0;
    lanes.set(target ?? 'rescue', lane);
  }
  return [...lanes].map(
    ([lane, { answered, lines }], index) =>
      `${index === 0 ? 'Lanes:       ' : '             '}${lane}: ${answered} of ${lines} lines`,
  );
}

function costText({ cost }: AnalysisView): string {
  const { usd, sync_usd: sync, saving_usd: saving } = cost;
  if (usd === null) return 'unknown, as a price is';
  if (sync === null || saving === null || sync === 0) return money(usd);
  const share = Math.round((100 * saving) / sync);
  return saving < 0
    ? `${money(usd)}; one by one ${money(sync)}`
    : `${money(usd)}; one by one ${money(sync)}: ${money(saving)} saved (${share} %)`;
}

/** What comes from elsewhere may hold line breaks; our columns stay. */
function oneLineKeepingColumns(line: string): string {
  const [, head = '', rest = ''] = /^([A-Z][a-z-]+:\s+|\s+)?([^]*)$/.exec(line) ?? [];
  return `${head}${oneLine(rest)}`;
}
