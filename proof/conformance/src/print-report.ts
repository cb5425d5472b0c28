import type { ConformanceReport, Finding } from './run-conformance.ts';

/** The report as text: each guarantee with its verdict and what was observed. */
export function printReport(report: ConformanceReport): string {
  const { url, guarantees, held, broken, not_shown, seconds } = report;
  const lines = [
    `Conformance of ${url}`,
    '',
    ...guarantees.map(formatFinding),
    '',
    `${broken === 0 ? 'Nothing is broken' : `BROKEN: ${broken}`}: ${held} held, ${not_shown} not shown, in ${seconds.toFixed(1)} s`,
  ];
  return `${lines.join('\n')}\n`;
}

const LABELS = { held: 'held     ', broken: 'BROKEN   ', 'not shown': 'not shown' };

function formatFinding({ id, title, verdict, detail }: Finding): string {
  return `  ${LABELS[verdict]}  ${id.padEnd(4)} ${title}\n                   ${detail}`;
}
