import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { packageVersion } from '../package-version.ts';
import { numberOf, type System } from '../system.ts';

const TASK = 'bench';
const VERSION = packageVersion('graphile-worker');
const CONCURRENCY = 24;
const LOCAL_QUEUE = 500;
const silent = new Logger(() => () => undefined);

/** Without batching, as it comes; 24 jobs at a time instead of 1. */
export const graphileWorker: System = graphileWith({
  usage: `addJob, addJobs; run with ${CONCURRENCY} concurrent jobs, no batching`,
  batching: {},
});

/** With the batching of its performance chapter. */
export const graphileWorkerBatched: System = graphileWith({
  usage: `addJob, addJobs; run with ${CONCURRENCY} concurrent jobs, localQueue of ${LOCAL_QUEUE}, completeJobBatchDelay 0`,
  batching: { localQueue: { size: LOCAL_QUEUE }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
});

function graphileWith({
  usage,
  batching,
}: {
  readonly usage: string;
  readonly batching: GraphileConfig.WorkerOptions;
}): System {
  return {
    version: VERSION,
    usage,
    open: async (url, connections) => {
      const pool = new pg.Pool({ connectionString: url, max: connections });
      pool.on('error', () => undefined);
      const utils = await makeWorkerUtils({ pgPool: pool, logger: silent });
      await utils.migrate();
      const rows = async <Row extends pg.QueryResultRow>(sql: string) =>
        (await pool.query<Row>(sql)).rows;
      return {
        append: async (data) => {
          await utils.addJob(TASK, data);
        },
        appendMany: async (data) => {
          await utils.addJobs(data.map((payload) => ({ identifier: TASK, payload })));
        },
        consume: async (onNumber) => {
          const workers = new pg.Pool({ connectionString: url, max: CONCURRENCY + 2 });
          workers.on('error', () => undefined);
          const runner = await run({
            pgPool: workers,
            logger: silent,
            noHandleSignals: true,
            taskList: {
              [TASK]: (payload) => {
                onNumber(numberOf(payload));
              },
            },
            preset: { worker: { concurrentJobs: CONCURRENCY, ...batching } },
          });
          return {
            unsettled: async () => {
              const [row] = await rows<{ count: string }>(
                'SELECT count(*) FROM graphile_worker._private_jobs',
              );
              return Number(row?.count);
            },
            stop: async () => {
              await runner.stop();
              await workers.end();
            },
          };
        },
        // Finished jobs are deleted: what is left is what was stored and not handled.
        storedNumbers: async () => {
          const stored = await rows<{ n: number }>(
            `SELECT (payload->>'n')::int AS n FROM graphile_worker._private_jobs`,
          );
          return stored.map((row) => row.n);
        },
        close: async () => {
          await utils.release();
          await pool.end();
        },
      };
    },
  };
}
