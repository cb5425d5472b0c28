import type { RegisterInput } from '@cashback/client';

/** A line of the file: what it says, or why it says nothing. Lines are counted from 1. */
export type InputLine =
  | { line: number; input: RegisterInput }
  | { line: number; text: string; reason: string };

/** Longer than any register can be. */
const MAX_CHARACTERS = 100_000;
const SHOWN_CHARACTERS = 200;

/** The lines of a file of JSON objects, one a line, in groups of `size`; empty lines are skipped. */
export async function* readInputs(
  lines: AsyncIterable<string>,
  { from, size }: { from: number; size: number },
): AsyncGenerator<InputLine[], void> {
  let group: InputLine[] = [];
  let line = 0;
  for await (const text of lines) {
    line += 1;
    if (line < from || text.trim() === '') continue;
    group.push(readLine(line, text));
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

function readLine(line: number, text: string): InputLine {
  const shown = text.slice(0, SHOWN_CHARACTERS);
  if (text.length > MAX_CHARACTERS) {
    return { line, text: shown, reason: `expected at most ${MAX_CHARACTERS} characters, got ${text.length}` };
  }
  try {
    const input: unknown = JSON.parse(text);
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) {
      // Whether it is a register is for the server to say, field by field.
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
