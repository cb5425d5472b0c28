import { type Relay, startRelay } from '@cashback/proxies';

/** What becomes of a COMMIT: it takes effect and its answer is lost, or it is lost on its way there. */
export type CommitLoss = 'answer' | 'request';

export interface CommitRelay extends Relay {
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
    ...(await startRelay(databaseUrl, () => {
      let named = false;
      let losing = false;
      return {
        toTarget(piece) {
          if (piece.includes(BEGIN)) named = false;
          if (chosen !== null && piece.includes(chosen.orderId)) named = true;
          if (chosen === null || !named || !piece.includes(COMMIT)) return 'pass';
          const { loss } = chosen;
          chosen = null;
          relay.lost += 1;
          losing = loss === 'answer';
          return losing ? 'pass' : 'cut';
        },
        toCaller(piece) {
          // The connection is reset only when the COMMIT has taken effect for certain.
          if (losing) return piece.includes(COMMITTED) ? 'cut' : 'lose';
          return 'pass';
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
