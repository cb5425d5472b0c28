import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { INVARIANTS } from '@cashback/invariants';
import { GUARANTEES } from '@cashback/conformance';
import { APPS, DEV_PORTS, root, urlOf } from '@cashback/system';
import { startProcess } from '@cashback/system/app-process';
import { createTestDatabase } from '@cashback/testing';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../src/commands.ts';
import { buildProgram } from '../src/program.ts';
import { mainOf } from './support/app-help.ts';
import { DOCUMENTS, blockAfter, commandsOf, readText } from './support/documents.ts';

const run = promisify(execFile);
const readme = readText('README.md');
const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> };

describe.each(DOCUMENTS)('the commands of %s', (document) => {
  const commands = commandsOf(readText(document));

  test('are read', () => {
    expect(commands.length).toBeGreaterThan(7);
  });

  test.each(commands.map(({ words }) => [words.join(' '), words] as const))(
    'pnpm %s: the command, its options and its paths exist',
    async (_, [name = '', ...args]) => {
      const script = scripts[name];
      if (script === undefined) throw new Error(`package.json has no script "${name}"`);
      const [, tool] = /tools\/cashback\/src\/main\.ts ?(\S*)$/.exec(script) ?? [];
      if (tool !== undefined) await parse(tool === '' ? args : [tool, ...args]);
      else for (const each of args.filter((arg) => arg.includes('/'))) expect(existsIn(each)).toBe(true);
    },
  );

  test('pin the version of pnpm that .ci/run uses', () => {
    const [, pinned] = /pnpm@([\d.]+)/.exec(readText('.ci/run')) ?? [];
    for (const { version } of commands) if (version !== undefined) expect(version).toBe(pinned);
  });
});

test('each command of cashback is a script of package.json as well', () => {
  for (const { name } of COMMANDS) expect(scripts[name]).toBe(`node tools/cashback/src/main.ts ${name}`);
});

test('the example in README.md runs as it is against a server, and prints what README.md says', async () => {
  const database = await createTestDatabase();
  // Inside the package, so that the example finds the client.
  const data = path.join(import.meta.dirname, '../.data');
  mkdirSync(data, { recursive: true });
  const folder = mkdtempSync(path.join(data, 'readme-'));
  const token = 'token-of-the-example';
  const server = await startProcess({
    name: 'server',
    main: mainOf('server'),
    env: {
      DATABASE_URL: database.url,
      PORT: '0',
      BEARER_TOKENS: JSON.stringify([{ caller: 'readme', token, scopes: ['register'] }]),
    },
    log_file: path.join(folder, 'server.log'),
  });
  try {
    const example = path.join(folder, 'example.ts');
    const code = blockAfter(readme, '## Call it from TypeScript', 'ts');
    expect(code).toContain(urlOf(DEV_PORTS.server));
    writeFileSync(example, code.replaceAll(urlOf(DEV_PORTS.server), server.url));
    const { stdout } = await run(process.execPath, [example], { env: { CASHBACK_TOKEN: token } });
    expect(stdout).toBe(blockAfter(readme, 'It prints:'));
  } finally {
    await server.stop();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the layout in README.md names every folder, two levels deep, and no other', () => {
  const listed = new Set<string>();
  let parent = '';
  for (const line of blockAfter(readme, '## Layout').trimEnd().split('\n')) {
    const [, indent, name = '', description = ''] = /^( *)([\w-]+)\/ +(.*)$/.exec(line) ?? [];
    expect(description, line).not.toBe('');
    if (indent === '') parent = name;
    listed.add(indent === '' ? name : `${parent}/${name}`);
  }
  const top = foldersIn('.');
  const grouped = top.filter((folder) =>
    ['apps', 'packages', 'stand-ins', 'tools', 'proof'].includes(folder),
  );
  expect([...listed].filter((folder) => !folder.startsWith('docs/')).toSorted()).toEqual(
    [...top, ...grouped.flatMap((group) => foldersIn(group).map((name) => `${group}/${name}`))].toSorted(),
  );
});

test('the libraries that the layout names are those that there are', () => {
  for (const group of ['published', 'libraries']) {
    const line = readme.split('\n').find((each) => each.startsWith(`  ${group}/`)) ?? '';
    for (const name of foldersIn(`packages/${group}`)) expect(line).toContain(name);
  }
});

test('the counts in the documents are those of the code', () => {
  expect(readme).toContain(`${GUARANTEES.length} guarantees`);
  const numbers = INVARIANTS.map(({ number }) => number);
  expect(readText('CONTRIBUTING.md')).toContain(
    `invariants ${numbers[0]} to ${numbers.at(-2)} and ${numbers.at(-1)}`,
  );
});

test.each([
  ['simulate', '--seeds', (count: string) => `over a virtual clock, ${count} seeds`],
  ['failpoints', '--points', (count: string) => `a sample of ${count} points`],
] as const)('CONTRIBUTING.md states the default of %s %s', async (name, flag, text) => {
  const program = await buildProgram([name]);
  const options = program.commands.find((command) => command.name() === name)?.options ?? [];
  const standard = options.find(({ long }) => long === flag)?.defaultValue as number;
  expect(readText('CONTRIBUTING.md')).toContain(text(standard.toLocaleString('en')));
});

test('the ports in settings and documents are those of pnpm dev', () => {
  const known = new Set<number>(Object.values(DEV_PORTS));
  for (const app of APPS) {
    const settings = readText(path.relative(root, mainOf(app).replace(/main\.ts$/, 'env.ts')));
    expect(settings, app).toContain(
      `setting.port('The port to listen on; 0 takes a free one', '${DEV_PORTS[app]}')`,
    );
    expect(
      portsIn(settings).filter((port) => !known.has(port)),
      app,
    ).toEqual([]);
  }
  for (const document of [...DOCUMENTS, 'docs/transactions-api.md']) {
    expect(
      portsIn(readText(document)).filter((port) => !known.has(port)),
      document,
    ).toEqual([]);
  }
});

test('README.md names the role of every owner', () => {
  const roles = foldersIn('drizzle').map((owner) => `cashback_${owner}`);
  for (const role of roles.filter((each) => each !== 'cashback_cashback'))
    expect(readme).toContain(`\`${role}\``);
});

test('the links of README.md and CONTRIBUTING.md lead to files', () => {
  for (const document of DOCUMENTS) {
    const links = [...readText(document).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(path.join(root, link)))).toEqual([]);
  }
});

function portsIn(text: string): number[] {
  return [...text.matchAll(/http:\/\/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
}

/** Parses the arguments as the command would, and runs nothing. */
async function parse(args: string[]): Promise<void> {
  const program = await buildProgram(args);
  for (const command of [program, ...program.commands.flatMap((each) => [each, ...each.commands])]) {
    command.exitOverride((error) => {
      if (error.code !== 'commander.helpDisplayed') throw error;
      throw new HelpShown();
    });
    command.configureOutput({ writeOut: () => {}, writeErr: () => {} });
    if (command.commands.length === 0) ignoreAction(command);
  }
  await program.parseAsync(args, { from: 'user' }).catch((error: unknown) => {
    if (!(error instanceof HelpShown)) throw error;
  });
}

class HelpShown extends Error {}

function ignoreAction(command: Command): void {
  command.action(() => {});
}

/** A folder, a file, or the beginning of one: what a filter of vitest may name. */
function existsIn(prefix: string): boolean {
  const folder = path.join(root, path.dirname(prefix));
  return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith(path.basename(prefix)));
}

function foldersIn(folder: string): string[] {
  return readdirSync(path.join(root, folder)).filter(
    (name) =>
      !name.startsWith('.') &&
      !['node_modules', 'dist'].includes(name) &&
      statSync(path.join(root, folder, name)).isDirectory(),
  );
}
