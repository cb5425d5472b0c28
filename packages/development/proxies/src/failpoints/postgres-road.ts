import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import type { Effect, Failpoints, Fate } from './failpoints.ts';
import {
  type Answered,
  type Sent,
  type Statement,
  createClientReader,
  createServerReader,
} from './postgres-messages.ts';

export interface Road {
  /** The target's URL, by way of the road. */
  readonly url: string;
  stop(): Promise<void>;
}

/** The way of one process to Postgres, on which every statement is an effect of that process. */
export async function openPostgresRoad(
  failpoints: Failpoints,
  { from: by, to }: { from: string; to: string },
): Promise<Road> {
  const target = new URL(to);
  const sockets = new Set<Socket>();

  function carry(caller: Socket): void {
    const far = connect(Number(target.port), target.hostname);
    const readSent = createClientReader();
    const readAnswer = createServerReader();
    const transaction = createTransaction(by);
    /** Statements that wait for an answer, and whom to ask before it is passed on. */
    const unanswered: { effect: Effect; after: () => Promise<Fate> }[] = [];
    let answer: Buffer[] = [];
    /** The session has started: from now on each answer is that to a statement. */
    let started = false;
    let sending: Promise<void> = Promise.resolve();
    let answering: Promise<void> = Promise.resolve();

    /** True when what follows is to be delivered. */
    async function goesOn(ask: () => Promise<Fate>): Promise<boolean> {
      const fate = await ask();
      if (fate === 'reset') {
        caller.resetAndDestroy();
        far.destroy();
      }
      return fate === 'go_on';
    }

    async function send({ bytes, statement }: Sent): Promise<void> {
      if (statement !== null) {
        const effect = transaction.begin(statement);
        const { before, after } = failpoints.meet(effect);
        if (!(await goesOn(before))) return;
        unanswered.push({ effect, after });
      }
      if (far.writable) far.write(bytes);
    }

    /** An answer is passed on as a whole; what Postgres says between two answers, at once. */
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

    for (const socket of [caller, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    caller.on('data', (piece: Buffer) => {
      for (const sent of readSent(piece)) sending = sending.then(() => send(sent));
    });
    far.on('data', (piece: Buffer) => {
      for (const answered of readAnswer(piece)) answering = answering.then(() => passOn(answered));
    });
    caller.on('close', () => far.destroy());
    far.on('close', () => {
      answer = [];
      caller.destroy();
    });
  }

  const server = createServer(carry);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(to);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
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
