import type { RegisterInput } from '@cashback/client';

/** A line of the file: its input, or the reason why it has none. Lines are counted from 1. */
export type InputLine =
  | { line: number; input: RegisterInput }
  | { line: number; text: string; reason: string };

/** More than any valid line has. */
const MAX_CHARACTERS = 100_000;
const SHOWN_CHARACTERS = 200;

/** The lines of a file with one JSON object per line, in batches of `size`; skips empty lines. */
export async function* readInputs(
  lines: AsyncIterable<string>,
  { from, size }: { from: number; size: number },
): AsyncGenerator<InputLine[], void> {
  let batch: InputLine[] = [];
  let line = 0;
  for await (const text of lines) {
    line += 1;
    if (line < from || text.trim() === '') continue;
    batch.push(readLine(line, text));
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function readLine(line: number, text: string): InputLine {
  const shown = text.slice(0, SHOWN_CHARACTERS);
  if (text.length > MAX_CHARACTERS) {
    return { line, text: shown, reason: `expected at most ${MAX_CHARACTERS} characters, got ${text.length}` };
  }
  try {
    const input: unknown = JSON.parse(text);
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) {
      // The server validates it, field by field.
      return { line, input: input as RegisterInput };
    }
    return { line, text: shown, reason: 'expected a JSON object with the fields of a register' };
  } catch (error) {
    return {
      line,
      text: shown,
      reason: `expected JSON: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}
