/** What a client sends up to the point where it waits for an answer. */
export interface Sent {
  bytes: Buffer;
  /** The statement's name, or its text in short; null for what is no statement. */
  statement: string | null;
}

const SSL_REQUEST = 80_877_103;
const MAX_TEXT = 64;
/** Names that are made of a hash say nothing; the text does. */
const HASHED = /[0-9a-f]{16,}$/;

/** Cuts what a client of Postgres sends into statements. */
export function createClientReader(): (piece: Buffer) => Sent[] {
  const names = new Map<string, string>();
  let buffered = Buffer.alloc(0);
  let started = false;
  let parts: Buffer[] = [];
  let statement: string | null = null;

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
    if (type === 'Q') statement = shorten(text(body, 0));
    if (type === 'P') {
      const name = text(body, 0);
      const words = shorten(text(body, Buffer.byteLength(name) + 1));
      statement = name === '' || HASHED.test(name) ? words : name;
      names.set(name, statement);
    }
    if (type === 'B') {
      const portal = text(body, 0);
      const name = text(body, Buffer.byteLength(portal) + 1);
      statement = names.get(name) ?? name;
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
      // A query, or the end of the messages of a prepared one; what is neither goes on at once.
      const ends = type === 'Q' || type === 'S';
      if (!ends && 'PBDECF'.includes(type)) continue;
      sent.push({ bytes: Buffer.concat(parts), statement: ends ? (statement ?? 'Sync') : null });
      parts = [];
      if (ends) statement = null;
    }
    return sent;
  }

  return (piece) => {
    buffered = Buffer.concat([buffered, piece]);
    return read();
  };
}

/** Cuts what Postgres answers into pieces; `ready` ends the answer of one statement. */
export function createServerReader(): (piece: Buffer) => { bytes: Buffer; ready: boolean }[] {
  let buffered = Buffer.alloc(0);
  return (piece) => {
    buffered = Buffer.concat([buffered, piece]);
    const pieces: { bytes: Buffer; ready: boolean }[] = [];
    let from = 0;
    let at = 0;
    while (buffered.length - at >= 5) {
      const end = at + buffered.readInt32BE(at + 1) + 1;
      if (end > buffered.length) break;
      const ready = buffered[at] === 'Z'.charCodeAt(0);
      at = end;
      if (!ready) continue;
      pieces.push({ bytes: buffered.subarray(from, at), ready });
      from = at;
    }
    if (at > from) pieces.push({ bytes: buffered.subarray(from, at), ready: false });
    buffered = buffered.subarray(at);
    return pieces;
  };
}

function text(body: Buffer, from: number): string {
  return body.toString('utf8', from, body.indexOf(0, from));
}

function shorten(statement: string): string {
  const words = statement.replaceAll(/\s+/g, ' ').trim();
  return words.length <= MAX_TEXT ? words : `${words.slice(0, MAX_TEXT)}..`;
}
