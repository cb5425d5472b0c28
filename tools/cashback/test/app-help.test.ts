import { globSync } from 'node:fs';
import { APPS, type AppName, DEV_PORTS, root, urlOf } from '@cashback/system';
import { expect, test } from 'vitest';
import { variablesOf } from './support/app-help.ts';
import { codeIn, readText, tableOf } from './support/documents.ts';

/** The variables that name another app, and that app. */
const LINKS: Readonly<Record<string, AppName>> = {
  SERVER_URL: 'server',
  TRANSACTIONS_URL: 'transactions',
  TRUST_URL: 'trust',
  INVOICE_CALLBACK_URL: 'processing',
  OPERATION_CALLBACK_URL: 'worker',
  BILLING_CALLBACK_URL: 'wallet',
  BALANCE_CALLBACK_URL: 'worker',
};

const rows = tableOf(readText('README.md'), '| app | required variables');

test.each(APPS)('README.md lists the required variables of %s', async (app) => {
  const required = (await variablesOf(app)).filter((variable) => variable.required).map(({ name }) => name);
  const [, cell = ''] = rows.find(([name]) => name === `\`${app}\``) ?? [];
  const [always = ''] = cell.split('; when ');
  const listed = codeIn(always).filter((code) => /^[A-Z][A-Z_]+$/.test(code));
  expect(['DATABASE_URL', 'PORT', ...listed].toSorted()).toEqual(required.toSorted());
});

test.each(APPS)('the examples in the help of %s are the ports of "pnpm dev"', async (app) => {
  const variables = await variablesOf(app);
  expect(variables).toContainEqual({ name: 'PORT', required: true, example: String(DEV_PORTS[app]) });
  for (const { name, example } of variables) {
    const link = LINKS[name];
    if (link !== undefined) expect(new URL(example).origin, name).toBe(urlOf(DEV_PORTS[link]));
  }
});

test('every local URL in a document is one of "pnpm dev"', () => {
  const known = new Set(Object.values(DEV_PORTS).map(urlOf));
  const documents = globSync('{*.md,docs/**/*.md,{apps,stand-ins,tools,proof}/*/*.md,packages/*/*/*.md}', {
    cwd: root,
  });
  for (const document of documents) {
    for (const [url] of readText(document).matchAll(/http:\/\/127\.0\.0\.1:\d+/g))
      expect(known, document).toContain(url);
  }
});
