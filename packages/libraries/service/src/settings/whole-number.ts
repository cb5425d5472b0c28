import { InvalidArgumentError } from 'commander';

/**
 * The whole number that the text is, when it is within the bounds; else null. Only digits and a minus are read: no
 * spaces, no exponents, no hexadecimal, no empty text.
 */
export function parseWholeNumber(text: string, min: number, max: number): number | null {
  const value = Number(text);
  const plain = /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(value);
  return plain && value >= min && value <= max ? value : null;
}

/** Reads the value of a command's option: `.option('--count <n>', '...', wholeNumber(1, 100))`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = parseWholeNumber(text, min, max);
    if (value === null) throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
    return value;
  };
}
