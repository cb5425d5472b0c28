// Dependencies point one way: holds every source, test and script against the table of scripts/boundaries/table.ts.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { GROUPS, LOADS_BY_NAME, OPENS_CONNECTIONS, type Rule } from './boundaries/table.ts';
import { sourceFiles } from './source-files.ts';

/** Decisions are pure: no IO, no clock, no environment, no libraries. Subpaths of the contract carry none either. */
const CORE_IMPORTS = /^(\.|@cashback\/contract\/(amount|order-parts|rate|source)$)/;
const CORE_FORBIDDEN = new RegExp(
  [
    String.raw`\b(?:process|globalThis|global|performance|crypto|fetch|eval|Function|set(?:Timeout|Interval|Immediate))\b`,
    // `Math` and `Date` only to calculate: not by another name, and without what differs from call to call.
    String.raw`\bMath\b(?!\.(?!random\b)\w)`,
    String.raw`\bDate(?:\.now\b|\s*\[)|\bnew Date\b(?!\((?!\)))|(?<!\bnew )\bDate\(|\}\s*=\s*Date\b`,
  ].join('|'),
);
const STATIC_IMPORT = /^\s*(?:import|export)\s+(type\s+)?[^'";]*?from\s+'([^']+)'/gm;
const OTHER_IMPORT = /^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm;
/** The text of an import that is loaded by name must be plain, or no check knows what it loads. */
const LOADS_ANY = /\b(?:import|require)\s*\((?!\s*'[^'\n]*'\s*[,)])/;
const ENVIRONMENT = /\bprocess(?:\??\.env\b|(?:\?\.)?\s*\[)|\}\s*=\s*process\b|\bglobalThis\s*\[/;
const PROCESS_MODULE = /^(node:)?process$/;
/** Configuration of the tools, which stands in the root. */
const CONFIGURATION = /^vitest[\w.-]*\.ts$/;
const OPENS_CONNECTION = /\bnew (?:pg\.)?(?:Client|Pool)\(/;
/** Strings come first: `**` and `//` within them begin no comment. */
const STRING_OR_COMMENT = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/\*[\s\S]*?\*\/|\/\/.*$/gm;
const MAX_LINES = 400;

interface Import {
  target: string;
  isType: boolean;
}

const problems: string[] = [];
const excused = new Set<string>();
const rules = new Map(
  Object.entries(GROUPS).flatMap(([group, packages]) =>
    Object.entries(packages).map(([name, rule]) => [path.join(group, name), rule] as const),
  ),
);

const files = sourceFiles.filter((file) => !CONFIGURATION.test(file));
for (const file of files) {
  // Scripts have no package, and no parts.
  const [, home = 'scripts', part = ''] = /^(.*?)\/(src|peers|test)\//.exec(file) ?? [];
  const rule = rules.get(home);
  if (rule === undefined) {
    problems.push(`${file}: "${home}" is not in the table of scripts/boundaries/table.ts`);
    continue;
  }
  if (!file.endsWith('.ts')) problems.push(`${file}: expected a .ts file`);
  if (part === '' && !file.startsWith('scripts/')) {
    problems.push(`${file}: expected it in src or test of a package, or in scripts`);
    continue;
  }
  const text = readFileSync(file, 'utf8');
  const code = text.replaceAll(STRING_OR_COMMENT, (found) => (found.startsWith('/') ? '' : found));
  const imports = importsOf(text);
  checkImports(file, { home, part, rule, imports });
  if (home === 'packages/libraries/core' && part === 'src') checkPure(file, code, imports);
  if (imports.some(({ target, isType }) => target === 'pg' && !isType) && OPENS_CONNECTION.test(code)) {
    if (file in OPENS_CONNECTIONS) excused.add(file);
    else problems.push(`${file}: opens a connection; connectClient and openDatabase set its session up`);
  }
  if (LOADS_ANY.test(code)) {
    if (file in LOADS_BY_NAME) excused.add(file);
    else problems.push(`${file}: imports what is not a plain string; no check knows what it loads`);
  }
  const readsEnvironment =
    ENVIRONMENT.test(code) || imports.some(({ target }) => PROCESS_MODULE.test(target));
  if ((part === 'src' || home === 'scripts') && readsEnvironment && !/(^|\/)env\.ts$/.test(file)) {
    problems.push(`${file}: only env.ts reads the environment`);
  }
  const lines = text.split('\n').length;
  if (lines > MAX_LINES) problems.push(`${file}: ${lines} lines; at most ${MAX_LINES}: one idea a file`);
}
for (const home of rules.keys()) {
  if (!existsSync(path.join(home, 'README.md'))) problems.push(`${home}: has no README.md`);
}
for (const file of Object.keys({ ...OPENS_CONNECTIONS, ...LOADS_BY_NAME })) {
  if (!excused.has(file)) problems.push(`${file}: its exception in scripts/boundaries/table.ts is unused`);
}

for (const problem of problems) console.error(problem);
console.log(`${files.length} files, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function importsOf(text: string): Import[] {
  return [
    ...[...text.matchAll(STATIC_IMPORT)].map(([, type, target = '']) => ({
      target,
      isType: type !== undefined,
    })),
    ...[...text.matchAll(OTHER_IMPORT)].map(([, bare, dynamic]) => ({
      target: bare ?? dynamic ?? '',
      isType: false,
    })),
  ];
}

interface Place {
  home: string;
  part: string;
  rule: Rule;
  imports: readonly Import[];
}

function checkImports(file: string, { home, part, rule, imports }: Place): void {
  // The sources know nothing of the tests; the tests may know the sources.
  const room = part === 'test' ? home : path.join(home, part);
  const own = path.basename(home);
  const allowed = part === 'test' ? [...rule.src, ...(rule.tests ?? []), own] : rule.src;
  for (const { target } of imports) {
    if (part === 'test' && target === '@cashback/timing') {
      problems.push(`${file}: a test imports its waits from @cashback/testing, not from @cashback/timing`);
    }
    if (target.startsWith('.')) {
      if (path.join(path.dirname(file), target).startsWith(`${room}/`)) continue;
      problems.push(`${file}: "${target}" leaves its package; import the package by its name`);
    }
    const [, owned, name = ''] = /^@cashback\/(([^/]+).*)/.exec(target) ?? [];
    if (owned === undefined || allowed.includes(owned)) continue;
    // An app is allowed by the export, any other package as a whole.
    if (!isApp(name) && allowed.includes(name)) continue;
    problems.push(
      `${file}: may not import @cashback/${owned}; allowed: ${allowed.join(', ') || 'none of ours'}`,
    );
  }
}

function isApp(name: string): boolean {
  return rules.has(`apps/${name}`) || rules.has(`stand-ins/${name}`);
}

function checkPure(file: string, code: string, imports: readonly Import[]): void {
  for (const { target, isType } of imports) {
    if (isType || CORE_IMPORTS.test(target)) continue;
    problems.push(
      `${file}: core imports "${target}"; it may import only its own files and the contract's money and parts`,
    );
  }
  const found = CORE_FORBIDDEN.exec(code)?.[0];
  if (found !== undefined) problems.push(`${file}: core must not reach ${found}; take it as an argument`);
}
