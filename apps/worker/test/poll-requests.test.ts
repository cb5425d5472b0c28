import { expect, test } from 'vitest';
import { createPollRequests } from '../src/schedule/poll-requests.ts';

test('a request whose step fails is repeated once, and left to the lease in its row after that', () => {
  const requests = createPollRequests(10);
  requests.add('order-1');
  expect(requests.take(10)).toEqual(['order-1']);
  requests.stepFailed('order-1');
  expect(requests.take(10)).toEqual(['order-1']);
  requests.stepFailed('order-1');
  expect(requests.take(10)).toEqual([]);
});

test('a step that ends well makes a later failure the first one again', () => {
  const requests = createPollRequests(10);
  requests.stepFailed('order-1');
  expect(requests.take(10)).toEqual(['order-1']);
  requests.stepEnded('order-1');
  requests.stepFailed('order-1');
  expect(requests.take(10)).toEqual(['order-1']);
});

test('another callback about an order whose steps fail is answered by a step of its own', () => {
  const requests = createPollRequests(10);
  requests.stepFailed('order-1');
  requests.take(10);
  requests.stepFailed('order-1');
  requests.add('order-1');
  expect(requests.take(10)).toEqual(['order-1']);
});
