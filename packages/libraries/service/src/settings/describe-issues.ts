import type { z } from 'zod';

/** One thing that is wrong with an input, for a person and for a program. */
export interface DescribedIssue {
  /** Where, like `cashback_by_source[0].value`; empty for the whole input. */
  path: string;
  expected: string;
  /** Short JSON of what came at that path; `nothing` when it is absent. */
  received: string;
  message: string;
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** A hostile input can be wrong in a million places: an answer names the first ones. */
const MAX_ISSUES = 20;
const MAX_RECEIVED_LENGTH = 60;

/** Says of every issue where it is, what was expected there and what came. At most the first 20. */
export function describeIssues(error: z.ZodError, input: unknown): DescribedIssue[] {
  return error.issues
    .flatMap((issue) => flatten(issue, []))
    .slice(0, MAX_ISSUES)
    .map(({ path, expected }) => {
      const where = formatPath(path);
      const received = formatReceived(valueAt(input, path));
      return {
        path: where,
        expected,
        received,
        message: `${where === '' ? '' : `${where}: `}expected ${expected}, got ${received}`,
      };
    });
}

interface FlatIssue {
  path: Path;
  expected: string;
}

function flatten(issue: Issue, parent: Path): FlatIssue[] {
  const path = [...parent, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], expected: 'no field of this name' }));
    case 'invalid_union': {
      const branch = closestBranch(issue.errors);
      return branch === undefined
        ? [{ path, expected: expectedOf(issue) }]
        : branch.flatMap((nested) => flatten(nested, path));
    }
    case 'invalid_key':
      return [{ path, expected: `a key that is ${issue.issues.map(expectedOf).join(', ')}` }];
    case 'invalid_element':
      return issue.issues.flatMap((nested) => flatten(nested, path));
    default:
      return [{ path, expected: expectedOf(issue) }];
  }
}

/** The branch of a union that the input got furthest into is the one it was meant for. */
function closestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const alternatives = branches.filter((issues) => issues.length > 0);
  if (alternatives.length > 1 && alternatives.every((issues) => deepest(issues) === 0)) {
    const expected = [...new Set(alternatives.flatMap((issues) => issues.map(expectedOf)))].join(' or ');
    return [{ code: 'custom', path: [], message: expected, input: undefined }];
  }
  return alternatives.toSorted((left, right) => deepest(right) - deepest(left))[0];
}

function deepest(issues: readonly Issue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length));
}

/** A schema's own message states what it expects; zod's standard messages are cut down to that. */
function expectedOf(issue: Issue): string {
  const { message } = issue;
  const standard = /^[A-Z][a-z ]*: (?:expected (.+?)(?:, received .+)?|(must .+))$/s.exec(message);
  const expected = standard?.[1] ?? standard?.[2] ?? message.replace(/^expected /i, '');
  return expected.replace(/^one of (.+)$/, (_, options: string) => `one of ${options.replaceAll('|', ', ')}`);
}

function formatPath(path: Path): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (/^[\w$]+$/.test(String(key))) text += text === '' ? String(key) : `.${String(key)}`;
    else text += `[${JSON.stringify(shorten(String(key)))}]`;
  }
  return text;
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function formatReceived(value: unknown): string {
  if (value === undefined) return 'nothing';
  try {
    return shorten(
      JSON.stringify(value, (_, nested: unknown) => (typeof nested === 'bigint' ? `${nested}n` : nested)),
    );
  } catch {
    return typeof value;
  }
}

function shorten(text: string | undefined): string {
  if (text === undefined) return 'nothing';
  return text.length <= MAX_RECEIVED_LENGTH ? text : `${text.slice(0, MAX_RECEIVED_LENGTH - 3)}...`;
}
