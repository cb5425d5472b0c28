/** Runs the stand-in in a process of its own, so that it costs the measuring process nothing. */
import { startStandIn } from './stand-in.ts';

process.once('message', (callbacks: { url: string; secret: string }) => {
  void startStandIn({ callbacks, rewarded: false }).then(({ url }) => process.send?.({ url }));
});
process.on('disconnect', () => process.exit());
