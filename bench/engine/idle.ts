import { setTimeout as sleep } from 'node:timers/promises';
import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';
import { type Database } from '#server/storage/database.ts';
import { type Measurement } from '../measurement.ts';
import { type BenchCluster, openBenchEngine } from './bench-cluster.ts';
import { startCpuMeter } from './cpu.ts';

const RUNS = 3;
const RUN_MS = 10_000;
const SETTLE_MS = 2_000;
const SIZES = [0, 500];
const TOPIC = 'bench';

/** What consumers cost that have nothing to do: transactions and CPU time of a second, with none of them and with 500. */
export async function benchIdle(cluster: BenchCluster): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for (const consumers of SIZES) {
    const { engine, database, ...opened } = await openBenchEngine(await cluster.createDatabase());
    await engine.topics.ensure(TOPIC);
    for (let index = 0; index < consumers; index += 1) {
      await engine.broker.register(
        defineConsumer({
          name: `sleeper-${index}`,
          description: 'Waits',
          version: '1',
          filter: { topics: [TOPIC] },
          handle: () => undefined,
        }),
      );
    }
    await sleep(SETTLE_MS);
    const seconds = RUN_MS / 1_000;
    const transactions: number[] = [];
    let cpu = { node: Number.NaN, postgres: Number.NaN };
    for (let run = 0; run < RUNS; run += 1) {
      const readCpu = await startCpuMeter(database);
      const before = await countTransactions(database);
      await sleep(RUN_MS);
      // The look itself is one.
      transactions.push(((await countTransactions(database)) - before - 1) / seconds);
      cpu = readCpu();
    }
    await opened.close();
    measured.push({
      name: 'nothing to do',
      system: 'weir',
      parameters: { consumers },
      unit: 'transactions/s',
      higherIsBetter: false,
      values: transactions,
      extra: {
        nodeCpuMsPerSecond: cpu.node / seconds,
        postgresCpuMsPerSecond: cpu.postgres / seconds,
      },
    });
  }
  return measured;
}

async function countTransactions({ pool }: Pick<Database, 'pool'>): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    'SELECT xact_commit + xact_rollback AS count FROM pg_stat_database WHERE datname = current_database()',
  );
  return rows[0]?.count ?? Number.NaN;
}
