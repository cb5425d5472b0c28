import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '../src/report/report.ts';

const main = fileURLToPath(new URL('../src/demo.ts', import.meta.url));
const TIMEOUT_MS = 240_000;

export interface Command {
  exitCode: number;
  stdout: string;
  stderr: string;
  /** What `--json` wrote; undefined when it wrote nothing. */
  report: Report | undefined;
}

/** Runs `demo` as a user would, as a process of its own, on the given database. */
export async function runDemoCommand(
  databaseUrl: string,
  args: readonly string[],
  { interruptAt }: { interruptAt?: string } = {},
): Promise<Command> {
  const folder = mkdtempSync(path.join(tmpdir(), 'demo-test-'));
  const json = path.join(folder, 'report.json');
  const child = spawn(process.execPath, [main, ...args, '--json', json], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      DATABASE_URL: databaseUrl,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  });
  const output = { stdout: '', stderr: '' };
  let interrupted = false;
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      output[stream] += chunk;
      if (interruptAt === undefined || interrupted || !output[stream].includes(interruptAt)) return;
      interrupted = true;
      child.kill('SIGINT');
    });
  }
  const [exitCode] = (await once(child, 'close')) as [number | null];
  const report = existsSync(json) ? (JSON.parse(readFileSync(json, 'utf8')) as Report) : undefined;
  rmSync(folder, { recursive: true });
  return { exitCode: exitCode ?? -1, ...output, report };
}
