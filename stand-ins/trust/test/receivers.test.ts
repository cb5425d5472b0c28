import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TrustUnderTest, newBasket, setUpTrust } from './support.ts';

let trust: TrustUnderTest;
beforeAll(async () => {
  trust = await setUpTrust({ with_balance_receiver: true });
  await trust.calm();
});
afterAll(() => trust.tearDown());

test('each receiver gets every callback, and one that fails delays nothing of the other', async () => {
  const { receiver, balanceReceiver } = trust;
  balanceReceiver.failNext(3);
  const basket = newBasket();
  await trust.post('/baskets', basket);
  await trust.post(`/wallets/${basket.wallet_id}/spend`, { spend_id: randomUUID(), amount: '40' });

  const billed = await receiver.untilReceived(basket.wallet_id, 2);
  const hinted = await balanceReceiver.untilReceived(basket.wallet_id, 2);
  const bodies = (callbacks: typeof hinted) =>
    callbacks.map(({ body }) => body).toSorted((left, right) => left.sequence - right.sequence);
  expect(bodies(hinted)).toEqual(bodies(billed));
  expect(bodies(hinted)).toMatchObject([{ balance: '100.0000' }, { balance: '60.0000' }]);
  // The deliveries that failed were repeated to the one that refused them, and to no other.
  expect(billed).toHaveLength(2);
});
