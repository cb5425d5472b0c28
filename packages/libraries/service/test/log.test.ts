import { expect, test } from 'vitest';
import { createLog } from '../src/index.ts';
import { recordingLog } from './support.ts';

test('tokens, secrets and authorization headers never reach the log', () => {
  const { log, lines } = recordingLog();
  log.info(
    { token: 'hunter2', request: { headers: { authorization: 'Bearer hunter2', host: 'shop' } } },
    'one',
  );
  log.info(
    { settings: { database_url: 'postgres://a:hunter2@b/c', tokens: [{ token: 'hunter2' }], port: 1 } },
    'two',
  );
  expect(JSON.stringify(lines)).not.toContain('hunter2');
  expect(lines).toMatchObject([{ request: { headers: { host: 'shop' } } }, { settings: { port: 1 } }]);
});

test('JSON lines carry the name of the app, the level by name and the time in UTC', () => {
  const { log, lines } = recordingLog();
  log.warn('slow');
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(lines).toMatchObject([{ name: 'test', level: 'warn', msg: 'slow', time }]);
});

test('lines below the level are not written', () => {
  const lines: string[] = [];
  const log = createLog({
    name: 'test',
    level: 'warn',
    json: true,
    destination: { write: (line) => void lines.push(line) },
  });
  log.info('quiet');
  log.error('loud');
  expect(lines).toHaveLength(1);
});

test('text for a person is one readable line', () => {
  const lines: string[] = [];
  const log = createLog({
    name: 'shop',
    level: 'info',
    json: false,
    destination: { write: (line) => void lines.push(line) },
  });
  log.info('ready');
  expect(lines.join('')).toMatch(/^\[.+\] INFO \(shop\): ready\n$/);
});
