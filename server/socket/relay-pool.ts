import type pg from 'pg';

export type RelayPool = {
  readonly pool: pg.Pool;
  /** Gives the connections back; whoever asks for one afterwards waits for ever. */
  close(): void;
};

/**
 * A pool as @socket.io/postgres-adapter 0.5 must be given it. The adapter keeps one connection to LISTEN on and never gives
 * it back when it breaks, so that every restart of Postgres would cost the pool a place and no pool could be closed; it
 * takes one after it was closed; and it hands one back that still listens. Here a connection that breaks leaves the pool,
 * and one that is given back is closed.
 */
export function openRelayPool(pool: pg.Pool): RelayPool {
  const held = new Set<() => void>();
  let isClosed = false;

  const connect = async (): Promise<pg.PoolClient> => {
    if (isClosed) return neverSettled();
    const client = await pool.connect();
    // Another one is asked for when the adapter has lost sight of the one before.
    for (const close of held) close();
    const giveBack = client.release.bind(client);
    const close = (): void => {
      if (!held.delete(close)) return;
      client.removeAllListeners('notification');
      client.removeAllListeners('end');
      giveBack(true);
    };
    held.add(close);
    client.release = close;
    client.once('end', close);
    if (!isClosed) return client;
    close();
    return neverSettled();
  };

  const query = pool.query.bind(pool);
  return {
    pool: new Proxy(pool, {
      get: (target, name) => {
        if (name === 'connect') return connect;
        return name === 'query' ? query : Reflect.get(target, name);
      },
    }),
    close: () => {
      isClosed = true;
      for (const close of held) close();
    },
  };
}

const neverSettled = (): Promise<never> => new Promise(() => undefined);
