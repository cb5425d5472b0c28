import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { errorCode } from '../errors/errors.ts';

const insufficientPrivilege = '42501';
const createdMeanwhile = new Set(['42710', '23505']);
/** Postgres's "tuple concurrently updated": roles are the whole server's, the migration lock one database's. */
const internalError = 'XX000';
const grantAttempts = 5;
const grantDelayMs = 50;

/**
 * Makes the roles that are missing: without login, so they are reached by a member's `SET ROLE`, as apps do
 * through `-c role=`. The current user becomes a member unless it may take the role on already.
 */
export async function createRoles(client: pg.ClientBase, roles: readonly string[]): Promise<void> {
  for (const role of roles) {
    await createRole(client, role);
    if (!(await canTakeOn(client, role))) await grantToCurrentUser(client, role);
  }
}

async function createRole(client: pg.ClientBase, role: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
  if (rowCount !== 0) return;
  try {
    await client.query(`CREATE ROLE ${client.escapeIdentifier(role)} NOLOGIN`);
  } catch (error) {
    if (!createdMeanwhile.has(errorCode(error) ?? '')) throw error;
  }
}

/** Asked by trying: the membership that is needed differs between Postgres 15 and 16. */
async function canTakeOn(client: pg.ClientBase, role: string): Promise<boolean> {
  try {
    await client.query(`SET ROLE ${client.escapeIdentifier(role)}`);
    await client.query('RESET ROLE');
    return true;
  } catch (error) {
    if (errorCode(error) !== insufficientPrivilege) throw error;
    return false;
  }
}

async function grantToCurrentUser(client: pg.ClientBase, role: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(`GRANT ${client.escapeIdentifier(role)} TO CURRENT_USER`);
      return;
    } catch (error) {
      if (errorCode(error) !== internalError || attempt >= grantAttempts) throw error;
      await delay(grantDelayMs * attempt);
    }
  }
}
