import pg from 'pg';
import { PgBoss, type WorkOptions } from 'pg-boss';
import { packageVersion } from '../package-version.ts';
import { type BenchData, numberOf, type System } from '../system.ts';

const QUEUE = 'bench';
const VERSION = packageVersion('pg-boss');
const BATCH = 500;

/** As it comes: polling every 2 s, one job at a time. */
export const pgBoss: System = pgBossWith({
  usage: 'send, insert; work with its default settings',
  notify: false,
  work: {},
});

/** As its manual says it goes fastest: notifications, batches of 500 that go on while they come back full, 2 workers. */
export const pgBossBatched: System = pgBossWith({
  usage: `send, insert; work with notify, batchSize ${BATCH}, burstWhenBatchFull, localConcurrency 2`,
  notify: true,
  work: { batchSize: BATCH, burstWhenBatchFull: true, localConcurrency: 2 },
});

function pgBossWith({
  usage,
  notify,
  work,
}: {
  readonly usage: string;
  readonly notify: boolean;
  readonly work: WorkOptions;
}): System {
  return {
    version: VERSION,
    usage,
    open: async (url, connections) => {
      const boss = new PgBoss({
        connectionString: url,
        max: connections,
        useListenNotify: notify,
      });
      boss.on('error', () => undefined);
      await boss.start();
      await boss.createQueue(QUEUE, { notify });
      const probe = new pg.Pool({ connectionString: url, max: 1 });
      const count = async (where: string) => {
        const { rows } = await probe.query<{ count: string }>(
          `SELECT count(*) FROM pgboss.job WHERE name = $1 AND ${where}`,
          [QUEUE],
        );
        return Number(rows[0]?.count);
      };
      return {
        append: async (data) => {
          await boss.send(QUEUE, data);
        },
        appendMany: async (data) => {
          await boss.insert(
            QUEUE,
            data.map((one) => ({ data: one })),
          );
        },
        consume: async (onNumber) => {
          await boss.work<BenchData>(QUEUE, work, async (jobs) => {
            for (const job of jobs) onNumber(numberOf(job.data));
          });
          return {
            unsettled: () => count(`state < 'completed'`),
            stop: () => boss.offWork(QUEUE),
          };
        },
        storedNumbers: async () => {
          const { rows } = await probe.query<{ n: number }>(
            `SELECT (data->>'n')::int AS n FROM pgboss.job WHERE name = $1`,
            [QUEUE],
          );
          return rows.map((row) => row.n);
        },
        close: async () => {
          await probe.end();
          await boss.stop({ graceful: false });
        },
      };
    },
  };
}
