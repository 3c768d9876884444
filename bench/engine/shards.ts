import {
  type AppliedBatch,
  applyOutcome,
  type PreparedAppend,
  planBatch,
} from '#server/engine/log/append-plan.ts';
import { MAX_BATCH_COMMIT_EVENTS } from '#server/engine/log/group-commit.ts';
import { appendBatch } from '#server/storage/append-rows.ts';
import { type Database, type Db, openDatabase } from '#server/storage/database.ts';
import { type Measurement } from '../measurement.ts';
import { type BenchCluster } from './bench-cluster.ts';
import { startCpuMeter } from './cpu.ts';
import { RAW_PARTITIONS, rawAppend } from './raw-appends.ts';

const RUNS = 3;
const WARM_UP_MS = 1_000;
const RUN_MS = 3_000;
const SHARDS = [1, 2, 4] as const;
const LOADS = [
  { writers: 64, batch: 1 },
  { writers: 8, batch: 100 },
] as const;

type Load = (typeof LOADS)[number] & { readonly shards: number };

/**
 * Whether a log with several locks would store more: `append_batch` with one group of committing writers for each shard, a topic and a
 * connection of its own. Appending alone; nothing reads. The product has one shard: docs/decisions/0093.
 */
export async function benchShards(cluster: BenchCluster): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for (const load of LOADS)
    for (const shards of SHARDS) {
      const runs: Awaited<ReturnType<typeof runOnce>>[] = [];
      for (let run = 0; run < RUNS; run += 1)
        runs.push(await runOnce(cluster, { ...load, shards }));
      measured.push({
        name: 'append_batch by shards',
        system: 'weir',
        parameters: { ...load, shards },
        unit: 'events/s',
        higherIsBetter: true,
        values: runs.map((run) => run.perSecond),
        extra: runs.at(-1)?.cpu ?? {},
      });
    }
  return measured;
}

async function runOnce(cluster: BenchCluster, { shards, writers, batch }: Load) {
  const database = openDatabase({ url: await cluster.createDatabase() });
  const clients = await Promise.all(Array.from({ length: shards }, () => database.pool.connect()));
  try {
    const groups: ShardWriter[] = [];
    for (const [shard, client] of clients.entries())
      groups.push(new ShardWriter(client, shard, await addShard(database, shard)));
    let until = performance.now() + WARM_UP_MS;
    const write = async (_: unknown, writer: number) => {
      while (performance.now() < until) await groups[writer % shards]?.append(batch);
    };
    const writeAll = () => Promise.all(Array.from({ length: writers }, write));
    const stored = () => groups.reduce((sum, group) => sum + group.stored, 0);
    await writeAll();
    const before = stored();
    const readCpu = await startCpuMeter(database);
    const startedMs = performance.now();
    until = startedMs + RUN_MS;
    await writeAll();
    const seconds = (performance.now() - startedMs) / 1_000;
    const cpu = readCpu();
    const count = stored() - before;
    await requireAll(database, groups);
    return {
      perSecond: Math.round(count / seconds),
      cpu: {
        nodeCpuUsPerEvent: (cpu.node * 1_000) / count,
        postgresCpuUsPerEvent: (cpu.postgres * 1_000) / count,
        coresBusy: (cpu.node + cpu.postgres) / 1_000 / seconds,
      },
    };
  } finally {
    for (const client of clients) client.release();
    await database.close();
  }
}

/** A shard of the log and a topic that is stored there; answers the topic's id. */
async function addShard({ pool }: Database, shard: number): Promise<number> {
  await pool.query('INSERT INTO log_shards (shard) VALUES ($1) ON CONFLICT DO NOTHING', [shard]);
  const { rows } = await pool.query<{ id: number }>(
    'INSERT INTO topics (name, partitions) VALUES ($1, $2) RETURNING id',
    [`bench-${shard}`, RAW_PARTITIONS],
  );
  return rows[0]?.id ?? 0;
}

/** Throws unless every shard holds what was acknowledged, without a gap. */
async function requireAll({ pool }: Database, groups: readonly ShardWriter[]): Promise<void> {
  for (const [shard, { stored }] of groups.entries()) {
    const { rows } = await pool.query<{ rows: number; tail: number }>(
      'SELECT count(*) AS rows, max(position) AS tail FROM events WHERE shard = $1',
      [shard],
    );
    if (rows[0]?.rows !== stored || rows[0].tail !== stored)
      throw new Error(`shard ${shard} holds ${JSON.stringify(rows[0])}, acknowledged: ${stored}`);
  }
}

type Waiting = { readonly append: PreparedAppend; readonly resolve: () => void };

/** Group commit into one shard, bare: one batch in flight, everything that waits in the next one. */
class ShardWriter {
  stored = 0;
  readonly #db: Db;
  readonly #shard: number;
  readonly #topicId: number;
  readonly #next = new Map<number, number>();
  #waiting: Waiting[] = [];
  #isBusy = false;

  constructor(db: Db, shard: number, topicId: number) {
    this.#db = db;
    this.#shard = shard;
    this.#topicId = topicId;
  }

  async append(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ append: rawAppend(this.#topicId, count), resolve });
    if (!this.#isBusy) await this.#drain();
    await promise;
  }

  async #drain(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      const group = this.#take();
      const heads = {
        tail: () => this.stored,
        next: (_: number, partition: number) => this.#next.get(partition) ?? 0,
      };
      const plan = planBatch(
        group.map(({ append }) => append),
        heads,
      );
      const arrays = { ...plan.arrays, shard: this.#shard };
      const outcome = await appendBatch(this.#db, arrays);
      this.#keep(applyOutcome(plan, outcome, () => 'bench'));
      for (const { resolve } of group) resolve();
    }
    this.#isBusy = false;
  }

  #take(): Waiting[] {
    let events = 0;
    const end = this.#waiting.findIndex(({ append }) => {
      events += append.events.length;
      return events > MAX_BATCH_COMMIT_EVENTS;
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : Math.max(1, end));
  }

  #keep({ records }: AppliedBatch): void {
    this.stored += records.length;
    for (const { partition, offset } of records) this.#next.set(partition, offset + 1);
  }
}
