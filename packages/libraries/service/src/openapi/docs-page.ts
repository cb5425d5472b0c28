import type { Json, JsonObject } from './openapi-document.ts';
import { renderSchema } from './render-schema.ts';
import { code, escapeHtml, paragraphs } from './html.ts';
import { STYLE } from './docs-style.ts';

/** A page for people, made from the document alone. No script and nothing from elsewhere: it works without a network. */
export function renderDocs(document: JsonObject): string {
  const info = objectOf(document['info']);
  const operations = [
    ...operationsOf(document['paths'], ''),
    ...operationsOf(document['webhooks'], 'callback '),
  ];
  const named = objectOf(objectOf(document['components'])['schemas']);
  const schemas = Object.entries(named);
  const title = `${textOf(info['title'])} ${textOf(info['version'])}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
<nav><ul>
${operations.map(({ id, name }) => `<li><a href="#${id}">${escapeHtml(name)}</a></li>`).join('\n')}
${schemas.map(([name]) => `<li><a href="#schema-${escapeHtml(name)}">${escapeHtml(name)}</a></li>`).join('\n')}
</ul></nav>
<main>
<h1>${escapeHtml(title)}</h1>
${paragraphs(textOf(info['description']))}
<p>For programs: <a href="openapi.json">openapi.json</a></p>
${operations.map((operation) => renderOperation(operation, named)).join('\n')}
${schemas.map(([name, schema]) => renderNamedSchema(name, schema)).join('\n')}
</main>
</html>
`;
}

interface Operation {
  id: string;
  name: string;
  body: JsonObject;
}

function operationsOf(paths: Json | undefined, prefix: string): Operation[] {
  return Object.entries(objectOf(paths)).flatMap(([path, methods]) =>
    Object.entries(objectOf(methods)).map(([method, body]) => ({
      id: escapeHtml(`${method}-${path}`.replaceAll(/[^\w.]+/g, '-')),
      name: `${prefix}${prefix === '' ? `${method.toUpperCase()} ` : ''}${path}`,
      body: objectOf(body),
    })),
  );
}

function renderOperation({ id, name, body }: Operation, named: JsonObject): string {
  const scopes = listOf(body['security']).flatMap((one) => listOf(objectOf(one)['bearer']));
  const parameters = listOf(body['parameters']).map(objectOf);
  const request = schemaOf(body['requestBody']);
  const requested = named[textOf(objectOf(request)['$ref']).split('/').at(-1) ?? ''] ?? request;
  const responses = Object.entries(objectOf(body['responses']));
  return `<section id="${id}">
<h2>${escapeHtml(name)}</h2>
<p class="summary">${escapeHtml(textOf(body['summary']))}</p>
${paragraphs(textOf(body['description']))}
${scopes.length === 0 ? '' : `<p>Scope of the token: ${scopes.map((scope) => code(textOf(scope))).join(', ')}</p>`}
${parameters.map((one) => `<p>Header ${code(textOf(one['name']))}: ${escapeHtml(textOf(one['description']))}</p>`).join('\n')}
${requested === undefined ? '' : `<h3>Body</h3>${renderSchema(requested)}`}
<h3>Answers</h3>
<table>${responses.map(([status, answer]) => renderAnswer(status, objectOf(answer))).join('\n')}</table>
</section>`;
}

function renderAnswer(status: string, answer: JsonObject): string {
  const schema = status.startsWith('2') ? schemaOf(answer) : undefined;
  return `<tr><th>${escapeHtml(status)}</th><td>${paragraphs(textOf(answer['description']))}${
    schema === undefined ? '' : renderSchema(schema)
  }</td></tr>`;
}

function renderNamedSchema(name: string, schema: Json): string {
  return `<section id="schema-${escapeHtml(name)}"><h2>${escapeHtml(name)}</h2>${renderSchema(schema)}</section>`;
}

/** Of a body in JSON, in a request or an answer. */
function schemaOf(holder: Json | undefined): Json | undefined {
  return objectOf(objectOf(objectOf(holder)['content'])['application/json'])['schema'];
}

function objectOf(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
