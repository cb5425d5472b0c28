/** Loaded before an app (`plant`): changes sources of it as they are loaded, by the bug in the query of this file's URL. */
import { registerHooks } from 'node:module';

const { name, pieces } = JSON.parse(new URL(import.meta.url).searchParams.get('bug') ?? '') as {
  name: string;
  pieces: { url: string; from: string; to: string }[];
};
const left = new Set(pieces);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const own = pieces.filter((one) => one.url === url);
    if (own.length === 0) return loaded;
    let source = Buffer.from(loaded.source as Uint8Array).toString();
    for (const piece of own) {
      const parts = source.split(piece.from);
      if (parts.length !== 2) throw new Error(`${url} has the piece to replace ${parts.length - 1} times`);
      source = parts.join(piece.to);
      left.delete(piece);
      if (left.size === 0) process.stderr.write(`planted: ${name}\n`);
    }
    return { ...loaded, source };
  },
});
