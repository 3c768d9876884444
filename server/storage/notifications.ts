import type pg from 'pg';
import { type Db } from './database.ts';

export type Listening = {
  /** Ends the connection; no callback follows. */
  close(): void;
};

/**
 * Listens on one channel over a connection of its own, taken from the pool for as long as it lasts. Calls `onLost` once when the connection
 * breaks; the caller listens again and reads what it missed.
 */
export async function listen(
  pool: pg.Pool,
  channel: string,
  on: { readonly message: (payload: string) => void; readonly lost: () => void },
): Promise<Listening> {
  const client = await pool.connect();
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    client.removeAllListeners('notification');
    client.release(true);
  };
  client.on('notification', (message) => {
    if (isOpen && message.channel === channel) on.message(message.payload ?? '');
  });
  client.on('error', () => {
    if (!isOpen) return;
    close();
    on.lost();
  });
  try {
    await client.query(`LISTEN ${channel}`);
  } catch (error) {
    close();
    throw error;
  }
  return { close };
}

/**
 * Never call it inside the transaction that appends: NOTIFY serialises commits. It commits asynchronously: a notification does not survive a
 * crash in any case, so nothing is gained by waiting for the disk.
 */
export async function notify(db: Db, channel: string, payload: string): Promise<void> {
  await db.query({
    name: 'notify',
    text: `SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`,
    values: [channel, payload],
  });
}
