import type { TrustSettings } from '@cashback/wire';
import { trustSettings } from '@cashback/wire';
import { CALM, type FrontDoor } from '@cashback/scenario';
import type { AppName, System } from '@cashback/system';

/** Trust under `--faults`: a fifth of its calls fail, answers are late or lost, callbacks are repeated and out of order. */
const FAULTS: Partial<TrustSettings> = {
  latency_ms: 400,
  answer_delay_ms: 20,
  failure_share: 0.15,
  lost_answer_share: 0.05,
  refusal_share: 0.02,
  duplicate_callback_share: 0.2,
  reorder_callback_share: 0.2,
};

/** Trust keeps its settings in its tables, so every run sets them. */
export async function setTrust(door: FrontDoor, faults: boolean): Promise<void> {
  const settings = faults ? { ...CALM, ...FAULTS } : CALM;
  await door.retryUntilAnswered(() => door.trust.post('/settings', settings, trustSettings));
}

/** Kills one app after another during the run, each once its share of the steps is done. */
export function createKiller(system: System, apps: readonly AppName[], steps: number) {
  const killed: AppName[] = [];
  let current: Promise<void> = Promise.resolve();
  let failure: unknown;
  return {
    killed,
    /** Throws when a killed app did not start again. */
    advance(done: number): void {
      if (failure !== undefined) throw failure;
      const app = apps[killed.length];
      if (app === undefined || done < (steps * (killed.length + 1)) / (apps.length + 1)) return;
      killed.push(app);
      current = current
        .then(() => system.killAndRestart(app))
        .catch((error: unknown) => {
          failure ??= error;
        });
    },
    /** Waits until every killed app is up again. */
    async finish(): Promise<void> {
      await current;
      if (failure !== undefined) throw failure;
    },
  };
}
