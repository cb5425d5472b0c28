import { code, escapeHtml } from './html.ts';
import type { Json, JsonObject } from './openapi-document.ts';

/** Said by the layout, not as a rule. */
const LAID_OUT = new Set([
  'type',
  'properties',
  'required',
  'items',
  '$ref',
  'description',
  'examples',
  'allOf',
]);
const RULES: Readonly<Record<string, string>> = {
  additionalProperties: 'other fields are refused',
  minimum: 'from',
  maximum: 'to',
  maxItems: 'entries at most',
  minItems: 'entries at least',
  maxLength: 'characters at most',
  minLength: 'characters at least',
  pattern: 'pattern',
  enum: 'one of',
  default: 'default',
  format: 'format',
  const: 'always',
};

/** A schema as nested tables: a row a field, with its type, its rules and its meaning. */
export function renderSchema(schema: Json): string {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    return code(JSON.stringify(schema));
  return [
    `<p>${describe(schema)}</p>`,
    renderFields(schema),
    renderItems(schema),
    ...examplesOf(schema).map((example) => `<pre>${escapeHtml(JSON.stringify(example, null, 2))}</pre>`),
  ].join('');
}

function renderFields({ properties, required }: JsonObject): string {
  if (typeof properties !== 'object' || properties === null) return '';
  const needed = new Set(Array.isArray(required) ? required : []);
  const rows = Object.entries(properties).map(
    ([name, schema]) =>
      `<tr><th>${code(name)}${needed.has(name) ? '' : ' <small>optional</small>'}</th><td>${renderSchema(schema)}</td></tr>`,
  );
  return `<table>${rows.join('\n')}</table>`;
}

function renderItems({ items }: JsonObject): string {
  return items === undefined ? '' : `<div class="items">each: ${renderSchema(items)}</div>`;
}

function describe(schema: JsonObject): string {
  const { $ref, type, description } = schema;
  const name = typeof $ref === 'string' ? ($ref.split('/').at(-1) ?? '') : undefined;
  const rules = Object.entries(schema)
    .filter(([key]) => !LAID_OUT.has(key))
    .map(([key, value]) => describeRule(key, value));
  return [
    name === undefined ? '' : `<a href="#schema-${escapeHtml(name)}">${escapeHtml(name)}</a>`,
    typeof type === 'string' ? `<em>${escapeHtml(type)}</em>` : '',
    ...rules,
    typeof description === 'string' ? `<span>${escapeHtml(description)}</span>` : '',
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

function describeRule(key: string, value: Json | undefined): string {
  const rule = escapeHtml(RULES[key] ?? key);
  if (value === false) return rule;
  const list = Array.isArray(value) ? value : [value];
  return `${rule} ${list.map((one) => code(typeof one === 'string' ? one : JSON.stringify(one))).join(', ')}`;
}

function examplesOf({ examples }: JsonObject): Json[] {
  return Array.isArray(examples) ? examples : [];
}
