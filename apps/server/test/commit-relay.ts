import { type TcpProxy, startTcpProxy } from '@cashback/proxies';

/** The fate of a COMMIT: its answer is lost after it took effect, or the COMMIT itself is lost. */
export type CommitLoss = 'answer' | 'request';

export interface CommitRelay extends TcpProxy {
  /** The next transaction that names the order loses its COMMIT, and its connection is reset. */
  loseCommitOf(orderId: string, loss: CommitLoss): void;
  /** The number of lost COMMITs. */
  lost: number;
}

const BEGIN = 'BEGIN ';
const COMMIT = 'COMMIT\0';
/** The type byte of the answer "command complete". */
const COMMITTED = 'COMMIT\0';

/** A proxy to the database that loses chosen COMMITs. */
export async function startCommitRelay(databaseUrl: string): Promise<CommitRelay> {
  let chosen: { orderId: string; loss: CommitLoss } | null = null;
  const relay: CommitRelay = {
    ...(await startTcpProxy(databaseUrl, () => {
      let named = false;
      let losing = false;
      return {
        fromCaller(chunk) {
          if (chunk.includes(BEGIN)) named = false;
          if (chosen !== null && chunk.includes(chosen.orderId)) named = true;
          if (chosen === null || !named || !chunk.includes(COMMIT)) return 'forward';
          const { loss } = chosen;
          chosen = null;
          relay.lost += 1;
          losing = loss === 'answer';
          return losing ? 'forward' : 'reset';
        },
        fromTarget(chunk) {
          // The connection is reset only once the COMMIT has certainly taken effect.
          if (losing) return chunk.includes(COMMITTED) ? 'reset' : 'drop';
          return 'forward';
        },
      };
    })),
    lost: 0,
    loseCommitOf(orderId, loss) {
      chosen = { orderId, loss };
    },
  };
  return relay;
}
