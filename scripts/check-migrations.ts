// The migrations say what the table files say: drizzle-kit would generate nothing more, and each migration was generated
// on top of the one before. Of two that were generated beside each other, the later one undoes or repeats the other.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

// Inside the tree: drizzle-kit takes only a path relative to where it runs.
const scratch = mkdtempSync('node_modules/.migrations-');
let problems = 0;
try {
  for (const owner of readdirSync('drizzle')) {
    const { tables } = JSON.parse(readFileSync(`drizzle/${owner}/owner.json`, 'utf8')) as { tables: string };
    const out = path.join(scratch, owner);
    for (const file of notOnTop(`drizzle/${owner}/meta`)) {
      problems += 1;
      console.error(
        `${file}: was not generated on top of the migration before it; remove it and generate it again`,
      );
    }
    cpSync(`drizzle/${owner}`, out, { recursive: true });
    const before = migrationsIn(out);
    const result = spawnSync(
      'drizzle-kit',
      ['generate', '--dialect', 'postgresql', '--schema', tables, '--out', out, '--name', 'missing'],
      { encoding: 'utf8' },
    );
    const missing = migrationsIn(out).filter((file) => !before.includes(file));
    if (result.status === 0 && missing.length === 0) continue;
    problems += 1;
    const detail =
      missing.map((file) => readFileSync(path.join(out, file), 'utf8')).join('\n') ||
      result.stderr ||
      result.stdout;
    console.error(
      `${owner}: the tables are ahead of the migrations; run: pnpm migration ${owner} <name>\n${detail}`,
    );
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = problems === 0 ? 0 : 1;

function migrationsIn(folder: string): string[] {
  return readdirSync(folder).filter((file) => file.endsWith('.sql'));
}

/** The snapshots that do not continue the one before. */
function notOnTop(folder: string): string[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('_snapshot.json'))
    .toSorted();
  const snapshots = files.map(
    (file) => JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as { id: string; prevId: string },
  );
  return files
    .filter((_, place) => place > 0 && snapshots[place]?.prevId !== snapshots[place - 1]?.id)
    .map((file) => path.join(folder, file));
}
