import { SingleBar } from 'cli-progress';

/** Shows how far the work is: a bar in a terminal, a line every few seconds elsewhere. Goes to stderr. */
export interface Progress {
  /** A phase without a length. */
  say(what: string): void;
  /** A phase of `total` parts. */
  begin(what: string, total: number): void;
  advance(parts: number): void;
  /** Sets how many parts are done. */
  reach(parts: number): void;
  end(): void;
}

const LINE_INTERVAL_MS = 3000;

export function createProgress(stream: NodeJS.WriteStream): Progress {
  let bar: SingleBar | undefined;
  const end = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    say(what) {
      end();
      stream.write(`${what}\n`);
    },
    begin(what, total) {
      end();
      bar = new SingleBar({
        stream,
        format: `${what.padEnd(22)} [{bar}] {value}/{total}  {duration_formatted}`,
        barsize: 30,
        barCompleteChar: '=',
        barIncompleteChar: ' ',
        hideCursor: true,
        noTTYOutput: true,
        notTTYSchedule: LINE_INTERVAL_MS,
      });
      bar.start(total, 0);
    },
    advance: (parts) => bar?.increment(parts),
    reach: (parts) => bar?.update(parts),
    end,
  };
}
