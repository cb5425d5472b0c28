import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { type AppName, root } from '@cashback/system';

const run = promisify(execFile);

/** One environment variable, as `--help` of an app lists it. */
export interface Variable {
  name: string;
  required: boolean;
  example: string;
}

export const mainOf = (app: AppName): string =>
  path.join(root, app === 'trust' ? 'stand-ins' : 'apps', app, 'src/main.ts');

const read = new Map<AppName, Promise<Variable[]>>();

/** Each app's help is read once for all tests of a file. */
export function variablesOf(app: AppName): Promise<Variable[]> {
  const known = read.get(app) ?? readVariables(app);
  read.set(app, known);
  return known;
}

async function readVariables(app: AppName): Promise<Variable[]> {
  const { stdout } = await run(process.execPath, [mainOf(app), '--help']);
  return [
    ...stdout.matchAll(
      /^ {2}([A-Z][A-Z_]+) \((required|optional|default .*)\)\n(?: {6}.*\n)*? {6}example: \1=(.*)$/gm,
    ),
  ].map(([, name = '', kind, example = '']) => ({ name, required: kind === 'required', example }));
}
