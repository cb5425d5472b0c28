import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from '@cashback/system';

const run = promisify(execFile);
const COMMAND = path.join(root, 'tools/cashback/src/main.ts');
/** A comparison of everything may be long. */
const MAX_BYTES = 64 * 1_024 * 1_024;

/** A command as a person runs it. Resolves with what it printed, also when it ends with one of the exit codes `also`. */
export async function cashback(
  args: readonly string[],
  env: Record<string, string>,
  { also = [] }: { also?: readonly number[] } = {},
): Promise<string> {
  try {
    const { stdout } = await run(process.execPath, [COMMAND, ...args], { env, maxBuffer: MAX_BYTES });
    return stdout;
  } catch (error) {
    const { code, stdout } = error as { code?: unknown; stdout?: string };
    if (typeof code === 'number' && also.includes(code)) return stdout ?? '';
    throw error;
  }
}
