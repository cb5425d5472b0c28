import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';

const src = path.resolve(import.meta.dirname, '../../src');

export interface Ended {
  code: number;
  out: string;
  error: string;
}

/** Runs a command as a process of its own, with these variables and no others. */
export async function runCommand(
  command: 'attention' | 'change-payee' | 'epoch' | 'reconcile' | 'reconcile-trust',
  options: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  const child = spawn(process.execPath, [path.join(src, command, 'command.ts'), ...options], {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, error, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { code: code as number, out, error };
}
