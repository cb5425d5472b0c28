import { feedEpochs } from '@cashback/postgres';

/** How far both feeds can be read, and how a new epoch of both begins after a restore. */
export const { loadHorizon, startEpoch } = feedEpochs({
  horizon: 'transactions.load-horizon',
  start: 'transactions.start-epoch',
  table: 'transactions.feed_epochs',
  written: 'transactions.invoices',
});
