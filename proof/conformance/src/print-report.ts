import type { ConformanceReport, Finding } from './run-conformance.ts';

/** The report for a person: a line for each guarantee, with what was seen. */
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

const NAMES = { held: 'held     ', broken: 'BROKEN   ', 'not shown': 'not shown' };

function formatFinding({ id, title, verdict, detail }: Finding): string {
  return `  ${NAMES[verdict]}  ${id.padEnd(4)} ${title}\n                   ${detail}`;
}
