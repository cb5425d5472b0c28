/** The messages that a client sends before it waits for an answer. */
export interface Sent {
  bytes: Buffer;
  /** Null when the messages are no statement. */
  statement: Statement | null;
}

export interface Statement {
  /** Its name, or its text in short. */
  name: string;
  /** By its words; its answer may say that it wrote nothing. */
  may_write: boolean;
}

export interface Answered {
  bytes: Buffer;
  /** The answer to a statement is complete. */
  ready: boolean;
  /** How many rows the answer says were written; a SELECT may write through a function, so it counts as one. */
  rows: number;
}

const SSL_REQUEST = 80_877_103;
const MAX_TEXT = 64;
/** A name made of a hash says nothing: the text is the better name. */
const HASHED = /[0-9a-f]{16,}$/;
const WRITES = /\b(INSERT|UPDATE|DELETE|MERGE|NOTIFY|pg_notify)\b/i;
const NONE: Statement = { name: 'Sync', may_write: false };

/** Cuts the bytes that a client of Postgres sends into statements. */
export function createClientReader(): (chunk: Buffer) => Sent[] {
  const prepared = new Map<string, Statement>();
  let buffered = Buffer.alloc(0);
  let started = false;
  let parts: Buffer[] = [];
  let statement: Statement = NONE;

  function take(length: number): Buffer {
    const taken = buffered.subarray(0, length);
    buffered = buffered.subarray(length);
    return taken;
  }

  function startUp(): Sent[] {
    if (buffered.length < 8) return [];
    const length = buffered.readInt32BE(0);
    if (buffered.length < length) return [];
    started = buffered.readInt32BE(4) !== SSL_REQUEST;
    return [{ bytes: take(length), statement: null }, ...read()];
  }

  function note(type: string, body: Buffer): void {
    if (type === 'Q') statement = describe('', text(body, 0));
    if (type === 'P') {
      const name = text(body, 0);
      statement = describe(name, text(body, Buffer.byteLength(name) + 1));
      prepared.set(name, statement);
    }
    if (type === 'B') {
      const portal = text(body, 0);
      statement = prepared.get(text(body, Buffer.byteLength(portal) + 1)) ?? NONE;
    }
  }

  function read(): Sent[] {
    if (!started) return startUp();
    const sent: Sent[] = [];
    while (buffered.length >= 5 && buffered.length > buffered.readInt32BE(1)) {
      const message = take(buffered.readInt32BE(1) + 1);
      const type = String.fromCharCode(message[0] ?? 0);
      note(type, message.subarray(5));
      parts.push(message);
      // A query, or the Sync that ends a prepared one. Other messages go on at once.
      const ends = type === 'Q' || type === 'S';
      if (!ends && 'PBDECF'.includes(type)) continue;
      sent.push({ bytes: Buffer.concat(parts), statement: ends ? statement : null });
      parts = [];
      if (ends) statement = NONE;
    }
    return sent;
  }

  return (chunk) => {
    buffered = Buffer.concat([buffered, chunk]);
    return read();
  };
}

/** Cuts the bytes that Postgres sends into answers of statements, and messages between them. */
export function createServerReader(): (chunk: Buffer) => Answered[] {
  let buffered = Buffer.alloc(0);
  let rows = 0;
  return (chunk) => {
    buffered = Buffer.concat([buffered, chunk]);
    const answered: Answered[] = [];
    let from = 0;
    let at = 0;
    while (buffered.length - at >= 5) {
      const end = at + buffered.readInt32BE(at + 1) + 1;
      if (end > buffered.length) break;
      const type = String.fromCharCode(buffered[at] ?? 0);
      if (type === 'C') rows += rowsOf(text(buffered.subarray(at + 5, end), 0));
      at = end;
      if (type !== 'Z') continue;
      answered.push({ bytes: buffered.subarray(from, at), ready: true, rows });
      rows = 0;
      from = at;
    }
    if (at > from) answered.push({ bytes: buffered.subarray(from, at), ready: false, rows: 0 });
    buffered = buffered.subarray(at);
    return answered;
  };
}

/** From a tag such as `INSERT 0 3` or `UPDATE 1`. */
function rowsOf(tag: string): number {
  if (tag.startsWith('SELECT')) return 1;
  return Number(/(\d+)$/.exec(tag)?.[1] ?? 0);
}

function describe(name: string, words: string): Statement {
  return {
    name: name === '' || HASHED.test(name) ? shorten(words) : name,
    may_write: WRITES.test(words),
  };
}

function text(body: Buffer, from: number): string {
  return body.toString('utf8', from, body.indexOf(0, from));
}

function shorten(statement: string): string {
  const words = statement.replaceAll(/\s+/g, ' ').trim();
  return words.length <= MAX_TEXT ? words : `${words.slice(0, MAX_TEXT)}..`;
}
