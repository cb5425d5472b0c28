// Builds and packs the published packages, and checks the tarballs as npm would install them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The client is built against the built contract. */
const PACKAGES = ['contract', 'client'];
const TIMEOUT_MS = 120_000;

const tarballs = mkdtempSync(join(tmpdir(), 'cashback-packages-'));
try {
  for (const name of PACKAGES) checkPackage(name);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(tarballs, { recursive: true, force: true });
}

function checkPackage(name: string): void {
  const folder = resolve('packages/published', name);
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  run('tsc', ['-p', 'tsconfig.build.json'], folder);
  pack(folder);
  const file = readdirSync(tarballs).find((each) => each.startsWith(`cashback-${name}-`));
  if (file === undefined) throw new Error(`pnpm pack made no tarball of ${name}`);
  const tarball = join(tarballs, file);
  run('publint', ['run', tarball, '--strict'], folder);
  run('attw', [tarball, '--profile', 'esm-only', '--no-emoji', '--no-color'], folder);
}

/** pnpm puts in what only a publisher sees: the exports of `publishConfig`, versions instead of `workspace:`. */
function pack(folder: string): void {
  const args = ['pack', '--pack-destination', tarballs];
  const hasPnpm = spawnSync('pnpm', ['--version'], { timeout: TIMEOUT_MS }).status === 0;
  if (hasPnpm) run('pnpm', args, folder);
  else run('npx', ['-y', 'pnpm@12.21.0', ...args], folder);
}

function run(command: string, args: string[], cwd: string): void {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  });
  if (status === 0) return;
  const output = error === undefined ? `${stdout}${stderr}` : error.message;
  throw new Error(`${command} ${args.join(' ')} failed in ${cwd}:\n${output}`);
}
