import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROUTES } from '../src/api.ts';
import { GUARANTEES } from '../src/index.ts';

const text = readFileSync(new URL('../../../docs/transactions-api.md', import.meta.url), 'utf8');

test('docs/transactions-api.md lists exactly the guarantees that the suite checks, in their words and order', () => {
  const listed = [...text.matchAll(/^- \*\*(T\d+)\*\* (.+)$/gm)].map(([, id, title]) => ({ id, title }));
  expect(listed).toEqual(GUARANTEES.map(({ id, title }) => ({ id, title })));
  expect(listed.map(({ id }) => id)).toEqual(listed.map((_, index) => `T${index + 1}`));
  expect(text).toContain(`${GUARANTEES.length} numbered guarantees`);
});

test('docs/transactions-api.md has every route', () => {
  for (const { path } of Object.values(ROUTES)) expect(text).toContain(`POST ${path}`);
});
