import { expect, test } from 'vitest';
import { startParts } from '../src/index.ts';

test('parts stop in the reverse order of their start, each after the one before it has stopped', async () => {
  const stopped: string[] = [];
  const app = await startParts(async (parts) => {
    parts.defer(() => void stopped.push('database'));
    parts.defer(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      stopped.push('queue');
    });
    parts.defer(() => void stopped.push('server'));
    return 'http://127.0.0.1:1';
  });
  expect(app.url).toBe('http://127.0.0.1:1');
  await app.stop();
  expect(stopped).toEqual(['server', 'queue', 'database']);
});

test('a part that cannot be started stops those before it, and its own error is thrown', async () => {
  const stopped: string[] = [];
  const started = startParts(async (parts) => {
    parts.defer(() => void stopped.push('database'));
    parts.defer(() => {
      throw new Error('the queue does not stop');
    });
    throw new Error('the port is taken');
  });
  await expect(started).rejects.toThrow('the port is taken');
  expect(stopped).toEqual(['database']);
});

test('a part that fails to stop leaves none before it running, and the stop fails', async () => {
  const stopped: string[] = [];
  const app = await startParts(async (parts) => {
    parts.defer(() => void stopped.push('database'));
    parts.defer(() => {
      throw new Error('the queue does not stop');
    });
    return 'http://127.0.0.1:1';
  });
  await expect(app.stop()).rejects.toThrow('the queue does not stop');
  expect(stopped).toEqual(['database']);
});
