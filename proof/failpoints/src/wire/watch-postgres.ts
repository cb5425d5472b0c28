import { type TcpConnection, type TcpHook, type TcpProxy, startTcpProxy } from '@cashback/proxies';
import type { Effect, Failpoints, Fate } from './failpoints.ts';
import {
  type Answered,
  type Sent,
  type Statement,
  createClientReader,
  createServerReader,
} from './postgres-messages.ts';

/** The connection of one process to Postgres, on which every statement is an effect of that process. */
export async function watchPostgres(
  failpoints: Failpoints,
  { from, to }: { from: string; to: string },
): Promise<TcpProxy> {
  return startTcpProxy(to, (connection) => watchConnection(failpoints, from, connection));
}

/**
 * Chunks wait in two chains, one for each direction, so that a failpoint may hold a statement or its answer:
 *
 *     chunk -> statements -> failpoint before -> Postgres
 *     chunk <- failpoint after <- whole answer <- chunks of it
 */
function watchConnection(failpoints: Failpoints, by: string, connection: TcpConnection): TcpHook {
  const { caller, target } = connection;
  const readSent = createClientReader();
  const readAnswer = createServerReader();
  const transaction = createTransaction(by);
  /** Statements without an answer yet, and what to ask before it is passed on. */
  const unanswered: { effect: Effect; after: () => Promise<Fate> }[] = [];
  let answer: Buffer[] = [];
  /** The session has started: from now on each answer is that to a statement. */
  let started = false;
  let sending: Promise<void> = Promise.resolve();
  let answering: Promise<void> = Promise.resolve();

  /** True when the statement or answer is to be delivered. */
  async function goesOn(ask: () => Promise<Fate>): Promise<boolean> {
    const fate = await ask();
    if (fate === 'reset') connection.reset();
    return fate === 'go_on';
  }

  async function send({ bytes, statement }: Sent): Promise<void> {
    if (statement !== null) {
      const effect = transaction.begin(statement);
      const { before, after } = failpoints.meet(effect);
      if (!(await goesOn(before))) return;
      unanswered.push({ effect, after });
    }
    if (target.writable) target.write(bytes);
  }

  /** An answer is passed on as a whole; messages between two answers at once. */
  async function passOn({ bytes, ready, rows }: Answered): Promise<void> {
    answer.push(bytes);
    if (!ready && unanswered.length > 0 && started) return;
    const whole = Buffer.concat(answer.splice(0));
    const answered = ready && started ? unanswered.shift() : undefined;
    started ||= ready;
    if (answered !== undefined) {
      transaction.end(answered.effect, rows);
      if (!(await goesOn(answered.after))) return;
    }
    if (caller.writable) caller.write(whole);
  }

  return {
    fromCaller(chunk) {
      for (const sent of readSent(chunk)) sending = sending.then(() => send(sent));
      return 'drop';
    },
    fromTarget(chunk) {
      for (const answered of readAnswer(chunk)) answering = answering.then(() => passOn(answered));
      return 'drop';
    },
    targetClosed() {
      answer = [];
      caller.destroy();
      return 'keep';
    },
  };
}

/** Names the effects of one connection; a COMMIT by the last statement that changed something. */
function createTransaction(by: string) {
  let last: string | null = null;
  return {
    begin({ name, may_write }: Statement): Effect {
      if (/^(BEGIN|ROLLBACK)/.test(name)) last = null;
      if (!name.startsWith('COMMIT')) return { by, name, changes: may_write };
      const effect = { by, name: `COMMIT of ${last ?? 'nothing'}`, changes: last !== null };
      last = null;
      return effect;
    },
    end(effect: Effect, rows: number): void {
      if (effect.name.startsWith('COMMIT of ')) return;
      effect.changes &&= rows > 0;
      if (effect.changes) last = effect.name;
    },
  };
}
