import { type TcpProxy, startTcpProxy } from '@cashback/proxies';

/** What becomes of a COMMIT: it takes effect and its answer is lost, or it is lost on its way there. */
export type CommitLoss = 'answer' | 'request';

export interface CommitRelay extends TcpProxy {
  /** The next transaction that names the order loses its COMMIT, and its connection is reset. */
  loseCommitOf(orderId: string, loss: CommitLoss): void;
  /** How many were lost. */
  lost: number;
}

const BEGIN = 'BEGIN ';
const COMMIT = 'COMMIT\0';
/** Of the answer "command complete". */
const COMMITTED = 'COMMIT\0';

/** A way to the database on which chosen COMMITs get lost. */
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
          // The connection is reset only when the COMMIT has taken effect for certain.
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
