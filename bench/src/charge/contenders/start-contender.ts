import type { Way } from '../ways.ts';
import { startBare } from './bare.ts';
import { startBullmq } from './bullmq.ts';
import type { Contender, ContenderSetup } from './contender.ts';
import { startGraphileWorker } from './graphile-worker.ts';
import { startWorker } from './worker.ts';

export const startContender: Readonly<Record<Way, (setup: ContenderSetup) => Promise<Contender>>> = {
  worker: startWorker,
  bare: startBare,
  'graphile-worker': startGraphileWorker,
  bullmq: startBullmq,
};
