import pg from 'pg';
import { type Anomaly } from './anomaly.ts';

type Commit = {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly owner: string;
  readonly backend: number;
};

/** Writes down, inside of the database, how far a subscription's partitions are handled and which connection stored it: no moment is missed. */
export class CommitWatch {
  readonly #client: pg.Client;

  /** The database has the server's tables already. */
  static async start(databaseUrl: string): Promise<CommitWatch> {
    const client = new pg.Client({ connectionString: databaseUrl });
    client.on('error', () => undefined);
    await client.connect();
    await client.query(`
      CREATE TABLE public.stored_offsets (place serial, "partition" int, "from" int, "to" int, owner text, backend int);
      CREATE FUNCTION public.note_offset() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        INSERT INTO public.stored_offsets ("partition", "from", "to", owner, backend)
          VALUES (NEW."partition", OLD.committed, NEW.committed, NEW.owner, pg_backend_pid());
        RETURN NULL;
      END $$;
      CREATE TRIGGER note_offset AFTER UPDATE ON weir.subscription_partitions FOR EACH ROW
        WHEN (OLD.committed <> NEW.committed) EXECUTE FUNCTION public.note_offset()`);
    return new CommitWatch(client);
  }

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  /** How often the partition changed hands; those that nobody has at the moment are left out. */
  async epochs(): Promise<ReadonlyMap<number, number>> {
    const { rows } = await this.#client.query<{ partition: number; epoch: number }>(
      `SELECT "partition", epoch::int FROM weir.subscription_partitions WHERE owner IS NOT NULL`,
    );
    return new Map(rows.map(({ partition, epoch }) => [partition, epoch]));
  }

  /** Who has which partition, since when each server was not heard of, and what stands still in the database: for a message. */
  async describe(): Promise<string> {
    const { rows } = await this.#client.query<{ partitions: string; nodes: string; idle: string }>(
      `SELECT
         (SELECT string_agg(format('%s: %s, epoch %s', "partition", coalesce(owner, 'nobody'), epoch), '; ' ORDER BY "partition")
          FROM weir.subscription_partitions) AS partitions,
         (SELECT string_agg(format('%s heard of %s ago', node_id, clock_timestamp() - heartbeat_at), '; ') FROM weir.nodes) AS nodes,
         (SELECT coalesce(string_agg(format('%s for %s: %s', state, clock_timestamp() - state_change, left(query, 80)), '; '), 'nothing')
          FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' OR wait_event_type = 'Lock') AS idle`,
    );
    return JSON.stringify(rows[0]);
  }

  /** What was stored so far, in the order it was. */
  async commits(): Promise<readonly Commit[]> {
    const { rows } = await this.#client.query<Commit>(
      'SELECT "partition", "from", "to", owner, backend FROM public.stored_offsets ORDER BY place',
    );
    return rows;
  }

  async stop(): Promise<void> {
    await this.#client.end();
  }
}

/** No offset goes back, and what is stored while somebody owns a partition is stored by that one. `serverOf` says whose connection it was. */
export function checkCommits(
  commits: readonly Commit[],
  serverOf: (backend: number) => number | undefined,
): readonly Anomaly[] {
  const wentBack = commits
    .filter(({ from, to }) => to < from)
    .map(({ partition, from, to }) => ({
      kind: 'offset-went-back' as const,
      detail: `partition ${partition}: from ${from} to ${to}`,
    }));
  const byOwner = Map.groupBy(commits, ({ owner }) => owner);
  const foreign = [...byOwner].flatMap(([owner, own]) => {
    const byServer = Map.groupBy(own, ({ backend }) => serverOf(backend));
    const [, ...others] = [...byServer].toSorted(([, a], [, b]) => b.length - a.length);
    return others.flatMap(([server, stored]) =>
      stored.map(({ partition, from, to }) => ({
        kind: 'offset-stored-by-another' as const,
        detail: `partition ${partition} of ${owner}: from ${from} to ${to}, by server ${server}`,
      })),
    );
  });
  return [...wentBack, ...foreign];
}
