// RT-11. Two servers on one database, and one or the other stands still for longer or shorter than its leases last. Something it
// was about to store is on its way to Postgres then, and arrives when its partitions are another one's.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ClusterRun } from './cluster-run.ts';
import { mutantTest } from './mutant-test.ts';
import { portions } from './portions.ts';
import { type HeldStatement } from './postgres-proxy.ts';
import { seededRandom } from './seeded-random.ts';
import { until } from './until.ts';

const SEED = Number(process.env['WEIR_FAULT_SEED'] ?? Date.now() % 2 ** 32);
const PAUSES = Number(process.env['WEIR_FAULT_LEADER_PAUSES'] ?? '2');
const LONGEST_MS = Number(process.env['WEIR_FAULT_LEADER_PAUSE_SECONDS'] ?? '15') * 1_000;
/** So many on one history: the checker holds it in memory. */
const PAUSES_OF_A_RUN = 10;
const SERVERS = 2;
const SHORTEST_MS = 5_000;
/** After this somebody must have taken over. */
const TAKEN_OVER_WITHIN_MS = 13_000;
const SPREAD_WITHIN_MS = 30_000;
const HELD_WITHIN_MS = 10_000;
/** The other server is well beyond what is held. */
const MORE_DELIVERIES = 300;
/** While a server stands still each producer waits a second for every other answer: they are about 15 a second then. */
const MORE_WITHIN_MS = 60_000;
/** Long enough that the other server has not come as far as the held offsets when it has just taken over. */
const HOLDS_MAX_MS = 300;
const PAUSE_TIMEOUT_MS = 120_000;
const SHOWN = 20;

type Pause = {
  readonly index: number;
  readonly forMs: number;
  /** When the offsets that are held arrive: as soon as another has the partitions, well after that, or at the end of the pause. */
  readonly arrives: 'at once' | 'late' | 'at the end';
};

const LONG_PAUSES: readonly Pause[] = [
  { index: 1, forMs: TAKEN_OVER_WITHIN_MS, arrives: 'at once' },
  { index: 0, forMs: TAKEN_OVER_WITHIN_MS, arrives: 'late' },
];

test('of two servers one delivers each partition, and what a zombie stores late changes nothing', {
  timeout: PAUSE_TIMEOUT_MS * (PAUSES + 2),
}, async () => {
  process.stdout.write(`seed ${SEED} (WEIR_FAULT_SEED repeats it)\n`);
  const random = seededRandom(SEED);
  const pauses = Array.from({ length: PAUSES }, (_, number) => drawPause(number, random));
  let from = 0;
  for (const count of portions(PAUSES, PAUSES_OF_A_RUN)) {
    expect(await complaintsAfter(pauses.slice(from, from + count))).toEqual([]);
    from += count;
  }
});

mutantTest('stores offsets in the name of another', (repository) =>
  complaintsAfter(LONG_PAUSES, repository),
);
mutantTest('stores offsets whoever the owner is, forwards', (repository) =>
  complaintsAfter(LONG_PAUSES, repository),
);

/** The first is as short as any, the second so long that another takes over. */
function drawPause(number: number, random: () => number): Pause {
  const index = random() < 0.5 ? 0 : 1;
  const min = number === 1 ? TAKEN_OVER_WITHIN_MS : SHORTEST_MS;
  const forMs = number === 0 ? SHORTEST_MS : min + random() * (LONGEST_MS - min);
  if (forMs < TAKEN_OVER_WITHIN_MS) return { index, forMs, arrives: 'at the end' };
  return { index, forMs, arrives: random() < 0.5 ? 'at once' : 'late' };
}

async function complaintsAfter(
  pauses: readonly Pause[],
  repository?: string,
): Promise<readonly string[]> {
  const cluster = {
    seed: SEED,
    size: SERVERS,
    holdsMaxMs: HOLDS_MAX_MS,
    server: repository === undefined ? {} : { repository },
  };
  return ClusterRun.during(cluster, async (run) => {
    try {
      const beganAtMs = performance.now();
      for (const pause of pauses) await stall(run, pause);
      const seconds = Math.round((performance.now() - beganAtMs) / 1_000);
      await run.drain();
      const { anomalies, ...figures } = await run.check();
      const arrived = Object.groupBy(pauses, ({ arrives }) => arrives);
      const held = Object.entries(arrived).map(([when, all]) => `${all.length} ${when}`);
      const report = { pauses: pauses.length, held, seconds, ...figures };
      process.stdout.write(
        `two servers: ${JSON.stringify({ ...report, anomalies: anomalies.length })}\n`,
      );
      return anomalies.slice(0, SHOWN).map(({ kind, detail }) => `${kind}: ${detail}`);
    } catch (error) {
      return [String(error)];
    }
  });
}

/** One server stands still while offsets of it are on the way. */
async function stall(run: ClusterRun, { index, forMs, arrives }: Pause): Promise<void> {
  await run.untilSpread(SPREAD_WITHIN_MS);
  const leases = await run.leasesOf(index);
  const offsets = run.holdOffsets(index);
  await heldIn(offsets);
  const over = sleep(forMs);
  run.pause(index);
  if (arrives !== 'at the end') {
    const takenOver = run.watch.untilTakenOver(index, TAKEN_OVER_WITHIN_MS);
    await until('all leases are taken', TAKEN_OVER_WITHIN_MS, async () =>
      (await run.countTaken(leases)) === leases.size ? true : undefined,
    ).catch(async (error: unknown) => {
      throw new Error(`Not all leases of ${index} are taken: ${await run.commits.describe()}`, {
        cause: error,
      });
    });
    if (arrives === 'at once') offsets.release();
    await takenOver;
    await run.watch.untilMore(MORE_DELIVERIES, MORE_WITHIN_MS);
  }
  await over;
  offsets.release();
  const wasTaken = (await run.countTaken(leases)) > 0;
  run.resume(index, { wasTaken });
  await run.untilSpread(SPREAD_WITHIN_MS);
}

async function heldIn({ held }: HeldStatement): Promise<void> {
  const waiting = new AbortController();
  const tooLate = sleep(HELD_WITHIN_MS, undefined, { signal: waiting.signal }).then(() => {
    throw new Error(`No offset was stored within ${HELD_WITHIN_MS} ms.`);
  });
  await Promise.race([held, tooLate]).finally(() => waiting.abort());
  tooLate.catch(() => undefined);
}
