import { feedEpochs } from '@cashback/postgres';

/** How far the feed of events can be read, and how a new epoch of it begins after a restore. */
export const { loadHorizon: loadEventsHorizon, startEpoch: startEventsEpoch } = feedEpochs({
  horizon: 'cashback.load-events-horizon',
  start: 'cashback.start-epoch',
  table: 'cashback.feed_epochs',
  written: 'cashback.events',
});
