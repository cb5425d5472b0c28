import { readdir, readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { DatabaseSetupError } from '../errors/database-setup-error.ts';
import { asError } from '../errors/errors.ts';

/** The repository's `drizzle/`: one folder of migrations per owner. */
export const migrationsFolder = fileURLToPath(new URL('../../../../../drizzle', import.meta.url));

const plainName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,49}$/, 'expected a plain lower-case name, such as cashback_server');
/** Other fields are for `pnpm migration`, and are ignored. */
const ownerFile = z.object({
  roles: z.array(plainName),
  jobs_schema: plainName.nullable(),
  /** Of an app that stands in for an outside system: production has no such schema. */
  stand_in: z.boolean().default(false),
});

/** Whose tables a folder of migrations makes, which roles reach them, and where its jobs live, if it has any. */
export type Owner = z.infer<typeof ownerFile> & { name: string; folder: string; has_migrations: boolean };

/** The owners in `folder`, by name: its subfolders that hold an `owner.json`. */
export async function readOwners(folder: string): Promise<Owner[]> {
  const entries = existsSync(folder) ? await readdir(folder, { withFileTypes: true }) : [];
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const found = names.toSorted().filter((name) => existsSync(join(folder, name, 'owner.json')));
  return Promise.all(found.map((name) => readOwner(folder, name)));
}

async function readOwner(parent: string, name: string): Promise<Owner> {
  const folder = join(parent, name);
  const file = join(folder, 'owner.json');
  try {
    plainName.parse(name);
    const owner = ownerFile.parse(JSON.parse(await readFile(file, 'utf8')));
    return { ...owner, name, folder, has_migrations: existsSync(join(folder, 'meta', '_journal.json')) };
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : asError(error).message;
    throw new DatabaseSetupError(
      `${file}: expected { "roles": ["name", ...], "jobs_schema": "name" or null, ... }: ${reason}`,
      {
        cause: error,
      },
    );
  }
}
