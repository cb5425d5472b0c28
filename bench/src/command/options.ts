import { InvalidArgumentError, Option } from 'commander';
import { wholeNumber } from '@cashback/service/whole-number';
import { databaseUrl } from '@cashback/postgres/env';

/** The options of every benchmark. */
export interface CommonOptions {
  database?: string;
  json?: true;
  markdown?: true;
}

export function commonOptions(): Option[] {
  return [
    new Option(
      '--database <url>',
      'the Postgres to measure on; its login must be allowed to create databases (default: DATABASE_URL, else an embedded one)',
    ).default(databaseUrl, 'DATABASE_URL'),
    new Option('--json', 'print the figures as JSON on stdout, and nothing else there').conflicts('markdown'),
    new Option('--markdown', 'print the tables as Markdown'),
  ];
}

/** Parses an option that takes several values. */
export function wholeNumbers(from: number, to: number) {
  const parse = wholeNumber(from, to);
  let given: number[] = [];
  return (text: string): number[] => (given = [...given, ...text.split(',').map(parse)]);
}

/** Parses names of a list, separated by commas, into the order of the list. */
export function namesOf<Name extends string>(known: readonly Name[]) {
  return (text: string): Name[] => {
    const names = text.split(',');
    const unknown = names.find((name) => !known.some((one) => one === name));
    if (unknown !== undefined) throw new InvalidArgumentError(`Expected names of ${known.join(', ')}.`);
    return known.filter((one) => names.includes(one));
  };
}
