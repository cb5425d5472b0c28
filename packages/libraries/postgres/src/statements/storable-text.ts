const MAX_LENGTH = 500;

/**
 * Text of another party, as a column can keep it: the beginning of it, and without NUL, the one character that no
 * text of Postgres can hold and that a JSON string can. A row that cannot be written would be tried forever.
 */
export function storableText(text: string): string {
  const short = text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH - 3)}...`;
  return short.replaceAll('\0', '\u{FFFD}');
}
