import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { complaintsAfter, type Scenario } from './complaints.ts';
import { type FaultRun } from './fault-run.ts';
import { mutantTest } from './mutant-test.ts';
import { portions } from './portions.ts';
import { PostgresProcess } from './postgres-process.ts';
import { PostgresProxy } from './postgres-proxy.ts';
import { seededRandom } from './seeded-random.ts';
import { until } from './until.ts';

const SEED = Number(process.env['WEIR_FAULT_SEED'] ?? Date.now() % 2 ** 32);
const LOST_REPLIES = Number(process.env['WEIR_FAULT_LOST_REPLIES'] ?? '50');
const TERMINATING_MS = Number(process.env['WEIR_FAULT_TERMINATING_MS'] ?? '10000');
const TOXIC_ROUNDS = Number(process.env['WEIR_FAULT_TOXIC_ROUNDS'] ?? '1');
const LOST_REPLIES_OF_A_MUTANT = 5;
const TERMINATING_MS_OF_A_MUTANT = 5_000;
const TERMINATE_EVERY_MS = 100;
const MAX_ERROR_RATE = 0.05;
/** Of the moments at which a connection is to be ended some find none. */
const TERMINATED_SHARE_MIN = 0.25;
const RESUMES_WITHIN_MS = 10_000;
const LOSING_FOR_MS = 6_000;
/** Longer than a publish waits for Postgres. */
const SILENT_FOR_MS = 14_000;
const TIMEOUT_MS = 180_000;
/** So much on one history: the checker holds it in memory. */
const LOST_REPLIES_OF_A_RUN = 500;
const TERMINATING_MS_OF_A_RUN = 60_000;

let postgres: PostgresProcess;
beforeAll(async () => {
  postgres = await PostgresProcess.start();
});
afterAll(() => postgres.remove());

type Spoil = {
  readonly name: string;
  readonly repository?: string | undefined;
  readonly hurt: (run: FaultRun, proxy: PostgresProxy) => ReturnType<Scenario['hurt']>;
  readonly complain?: Scenario['complain'];
};

/** A server on a database of its own, behind a proxy. */
async function complaintsBehindProxy(behind: Spoil): Promise<readonly string[]> {
  const { name, repository, hurt, complain } = behind;
  process.stdout.write(`seed ${SEED} (WEIR_FAULT_SEED repeats it)\n`);
  const proxy = await PostgresProxy.start(await postgres.createDatabase());
  try {
    return await complaintsAfter({
      name,
      seed: SEED,
      server: { databaseUrl: proxy.url, ...(repository !== undefined && { repository }) },
      hurt: (run) => hurt(run, proxy),
      ...(complain && { complain }),
    });
  } finally {
    await proxy.stop();
  }
}

const afterLostReplies = (times: number, repository?: string) =>
  complaintsBehindProxy({
    name: 'answers to commits are lost',
    repository,
    hurt: async (run, proxy) => {
      for (let lost = 1; lost <= times; lost += 1) await loseReply(run, proxy);
      await loseAllReplies(run, proxy);
      return { lostReplies: proxy.lostReplies };
    },
    complain: ({ failures }) => [
      ...(failures['503 unavailable'] === undefined
        ? []
        : ['an answer says that nothing was stored, though it may be']),
      ...(failures['503 outcome-unknown'] === undefined
        ? ['nobody was told that the outcome is not known']
        : []),
    ],
  });

describe('the connection ends after a commit and before its answer', () => {
  test('each event is stored once, at one position, and no answer says that it is not', {
    timeout: TIMEOUT_MS + LOST_REPLIES * 1_000,
  }, async () => {
    for (const times of portions(LOST_REPLIES, LOST_REPLIES_OF_A_RUN))
      expect(await afterLostReplies(times)).toEqual([]);
  });

  mutantTest('tries again with a random id', (repository) =>
    afterLostReplies(LOST_REPLIES_OF_A_MUTANT, repository),
  );
});

async function loseReply(run: FaultRun, proxy: PostgresProxy): Promise<void> {
  const before = proxy.lostReplies;
  proxy.losesRepliesTo = /^append_batch$/;
  await until('an answer is lost', RESUMES_WITHIN_MS, () =>
    proxy.lostReplies > before ? true : undefined,
  );
  proxy.losesRepliesTo = undefined;
  await run.untilAcknowledged(RESUMES_WITHIN_MS);
}

/** For longer than the server tries by itself: its clients must learn that it does not know. */
async function loseAllReplies(run: FaultRun, proxy: PostgresProxy): Promise<void> {
  proxy.losesRepliesTo = /^(append_batch|commit)$/i;
  await sleep(LOSING_FOR_MS);
  proxy.losesRepliesTo = undefined;
  await run.untilAcknowledged(RESUMES_WITHIN_MS);
}

const afterTerminations = (forMs: number, repository?: string) =>
  complaintsBehindProxy({
    name: 'backends are terminated',
    repository,
    hurt: async (run, proxy) => {
      const terminated = await terminateBackends(proxy, forMs);
      if (terminated < (forMs / TERMINATE_EVERY_MS) * TERMINATED_SHARE_MIN)
        throw new Error(`Only ${terminated} connections were ended in ${forMs} ms.`);
      await run.untilAcknowledged(RESUMES_WITHIN_MS);
      return { terminated };
    },
    complain: ({ acknowledgedRequests, unknownRequests }) => {
      const rate = unknownRequests / (acknowledgedRequests + unknownRequests);
      return rate < MAX_ERROR_RATE ? [] : [`${(rate * 100).toFixed(1)} % of the publishes failed`];
    },
  });

describe('Postgres ends one of the connections every 100 ms', () => {
  test('nothing is lost and fewer than five of a hundred publishes fail', {
    timeout: TIMEOUT_MS + TERMINATING_MS * 2,
  }, async () => {
    for (const forMs of portions(TERMINATING_MS, TERMINATING_MS_OF_A_RUN))
      expect(await afterTerminations(forMs)).toEqual([]);
  });

  mutantTest('does not tell a lost connection from a bug', (repository) =>
    afterTerminations(TERMINATING_MS_OF_A_MUTANT, repository),
  );
});

async function terminateBackends(proxy: PostgresProxy, forMs: number): Promise<number> {
  const database = new URL(proxy.url).pathname.slice(1);
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  const beganAtMs = performance.now();
  let terminated = 0;
  for (let atMs = 0; atMs < forMs; atMs += TERMINATE_EVERY_MS) {
    await sleep(Math.max(0, beganAtMs + atMs - performance.now()));
    const { rowCount } = await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = $1 AND backend_type = 'client backend' ORDER BY random() LIMIT 1`,
      [database],
    );
    terminated += rowCount ?? 0;
  }
  await admin.end();
  return terminated;
}

describe('the way to Postgres is bad', () => {
  const random = seededRandom(SEED);
  const between = (min: number, max: number) => min + random() * (max - min);

  test('slow, in slices, cut, silent: publishing is back in ten seconds and every event arrives', {
    timeout: TIMEOUT_MS * TOXIC_ROUNDS,
  }, async () => {
    const toxics: readonly Toxic[] = [
      {
        name: 'slow',
        forMs: 5_000,
        begin: (proxy) => {
          proxy.toxic = { delayMs: () => between(0, 500) };
        },
        end: (proxy) => {
          proxy.toxic = {};
        },
      },
      {
        name: 'in slices',
        forMs: 3_000,
        begin: (proxy) => {
          proxy.toxic = { sliceBytes: () => Math.ceil(between(0, 10)) };
        },
        end: (proxy) => {
          proxy.toxic = {};
        },
      },
      { name: 'cut', forMs: 0, begin: (proxy) => proxy.cutAll(), end: () => undefined },
      {
        name: 'silent',
        forMs: SILENT_FOR_MS,
        begin: (proxy) => {
          proxy.isSilent = true;
        },
        end: (proxy) => {
          proxy.isSilent = false;
        },
      },
    ];
    expect(
      await complaintsBehindProxy({
        name: 'toxics',
        hurt: async (run, proxy) => {
          const resumedMs: Record<string, number> = {};
          for (let round = 0; round < TOXIC_ROUNDS; round += 1)
            for (const toxic of toxics)
              resumedMs[toxic.name] = await resumedAfter(run, proxy, toxic);
          return { resumedMs };
        },
      }),
    ).toEqual([]);
  });

  // The server learns of it when a query has been silent for half a minute: too long for every run.
  test.runIf(TOXIC_ROUNDS > 1)(
    'connections that were forgotten on the way hold nothing up for a minute',
    {
      timeout: TIMEOUT_MS,
    },
    async () => {
      expect(
        await complaintsBehindProxy({
          name: 'forgotten connections',
          hurt: async (run, proxy) => {
            await run.untilAcknowledged();
            proxy.forgetConnections();
            return { resumedMs: await run.untilAcknowledged() };
          },
        }),
      ).toEqual([]);
    },
  );
});

type Toxic = {
  readonly name: string;
  readonly forMs: number;
  readonly begin: (proxy: PostgresProxy) => void;
  readonly end: (proxy: PostgresProxy) => void;
};

/** How soon publishing is back. Rejects when it is not, or when a publish got no answer at all. */
async function resumedAfter(run: FaultRun, proxy: PostgresProxy, toxic: Toxic): Promise<number> {
  toxic.begin(proxy);
  await sleep(toxic.forMs);
  toxic.end(proxy);
  return Math.round(await run.untilAcknowledged(RESUMES_WITHIN_MS));
}
