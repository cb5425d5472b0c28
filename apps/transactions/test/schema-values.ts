import fc from 'fast-check';
import { resolve } from './document.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- a schema is walked by its keys
type Schema = any;

/** Any value that a schema allows; arrays stay small. */
export function anyValueOf(given: Schema): fc.Arbitrary<unknown> {
  const schema = resolve(given);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'string':
      return schema.pattern === undefined
        ? fc.string({ maxLength: schema.maxLength })
        : fc.stringMatching(new RegExp(schema.pattern));
    case 'integer':
      return fc.integer({ min: schema.minimum, max: schema.maximum });
    case 'array': {
      const lists = fc.array(anyValueOf(schema.items), { maxLength: Math.min(schema.maxItems ?? 3, 3) });
      // `contains` is only used to have each source once.
      return schema.allOf === undefined ? lists : lists.filter(hasEachOnce);
    }
    case 'object': {
      const fields = Object.entries(schema.properties).map(([name, field]) => [name, anyValueOf(field)]);
      return fc.record(Object.fromEntries(fields), { requiredKeys: schema.required ?? [] });
    }
    default:
      throw new Error(`no value for ${JSON.stringify(schema)}`);
  }
}

function hasEachOnce(list: unknown[]): boolean {
  const sources = list.map((entry) => (entry as { source: string }).source);
  return new Set(sources).size === sources.length;
}

export interface Mutation {
  /** What is broken. */
  rule: string;
  /** Where, as an answer names it. */
  path: string;
  body: unknown;
}

/** One value for each rule of the schema that `value`, which keeps them all, can be made to break. */
export function mutationsOf(
  given: Schema,
  value: Schema,
  put: (value: unknown) => unknown,
  path = '',
): Mutation[] {
  const schema = resolve(given);
  const broken = (rule: string, bad: unknown, at = path): Mutation => ({ rule, path: at, body: put(bad) });
  const own = wrongTypes(schema.type).map((bad) => broken(`type ${JSON.stringify(bad)}`, bad));
  if (schema.enum !== undefined) own.push(broken('enum', `${schema.enum[0]}x`));
  if (schema.minimum !== undefined) own.push(broken('minimum', schema.minimum - 1));
  if (schema.maximum !== undefined) own.push(broken('maximum', schema.maximum + 1));
  if (schema.type === 'integer') own.push(broken('whole number', (schema.minimum ?? 0) + 0.5));
  if (schema.maxLength !== undefined) own.push(broken('maxLength', 'x'.repeat(schema.maxLength + 1)));
  if (schema.pattern !== undefined) {
    const pattern = new RegExp(schema.pattern);
    const bad = ['', ' ', 'é', `${value}\n`, 'x'.repeat(200), '1.00001', '-1', '1e3', '01'];
    own.push(...bad.filter((text) => !pattern.test(text)).map((text) => broken(`pattern ${text}`, text)));
  }
  if (schema.maxItems !== undefined) {
    own.push(
      broken(
        'maxItems',
        Array.from({ length: schema.maxItems + 1 }, () => value[0]),
      ),
    );
  }
  if (schema.allOf !== undefined) {
    own.push(broken('each source once', [value[0], value[0]], `${path}[1].source`));
  }
  if (schema.type === 'array') {
    const items = (value as unknown[]).flatMap((item, index) =>
      mutationsOf(
        schema.items,
        item,
        (bad) => put((value as unknown[]).with(index, bad)),
        `${path}[${index}]`,
      ),
    );
    return [...own, ...items];
  }
  if (schema.type !== 'object') return own;
  const inside = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const name of schema.required ?? []) {
    const { [name]: _, ...rest } = value;
    own.push(broken(`required ${name}`, rest, inside(name)));
  }
  if (schema.additionalProperties === false) {
    own.push(broken('no other field', { ...value, note: 'x' }, inside('note')));
  }
  const fields = Object.entries(value).flatMap(([name, field]) =>
    mutationsOf(schema.properties[name], field, (bad) => put({ ...value, [name]: bad }), inside(name)),
  );
  return [...own, ...fields];
}

function wrongTypes(type: string): unknown[] {
  const values: Record<string, unknown> = { string: 'x', integer: 1, array: [], object: {} };
  return [null, true, ...Object.entries(values).flatMap(([name, value]) => (name === type ? [] : [value]))];
}
