import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { complaintsAfter } from './complaints.ts';
import { type FaultRun } from './fault-run.ts';
import { mutantTest } from './mutant-test.ts';
import { SmallDisk } from './small-disk.ts';
import { until } from './until.ts';

const SEED = Number(process.env['WEIR_FAULT_SEED'] ?? Date.now() % 2 ** 32);
const CYCLES = Number(process.env['WEIR_FAULT_DISK_CYCLES'] ?? '2');
/** The log of Postgres grows from cycle to cycle, and the disk is small. */
const CYCLES_OF_A_RUN = 4;
const DISK_MB = 320;
const REFUSED_WITHIN_MS = 60_000;
const FULL_FOR_MS = 3_000;
const RECOVERS_WITHIN_MS = 30_000;
const PATIENCE_MS = 20_000;
const CYCLE_TIMEOUT_MS = 120_000;
const PAYLOAD_BYTES = 200_000;

const hasSmallDisk = canMount();

test.runIf(hasSmallDisk)(
  'a full disk loses nothing, is told to whoever publishes, and is over when there is space again',
  {
    timeout: CYCLE_TIMEOUT_MS * (CYCLES + 1),
  },
  async () => {
    process.stdout.write(`seed ${SEED} (WEIR_FAULT_SEED repeats it)\n`);
    for (let done = 0; done < CYCLES; done += CYCLES_OF_A_RUN)
      expect(await complaintsOnSmallDisk(Math.min(CYCLES_OF_A_RUN, CYCLES - done))).toEqual([]);
  },
);

if (hasSmallDisk)
  mutantTest('acknowledges what it could not store', (repository) =>
    complaintsOnSmallDisk(1, repository),
  );

function canMount(): boolean {
  const disk = SmallDisk.mount(1);
  disk?.remove();
  return disk !== undefined;
}

async function complaintsOnSmallDisk(
  cycles: number,
  repository?: string,
): Promise<readonly string[]> {
  const disk = SmallDisk.mount(DISK_MB);
  if (disk === undefined) throw new Error('There is no small disk.');
  try {
    return await complaintsAfter({
      name: 'the disk is full',
      seed: SEED,
      server: { dataFolder: disk.folder, ...(repository !== undefined && { repository }) },
      hurt: async (run) => {
        const resumedMs: number[] = [];
        const answers: Record<string, number> = {};
        for (let cycle = 0; cycle < cycles; cycle += 1) {
          await run.untilAcknowledged();
          disk.fill();
          await untilRefused(run);
          await watchFullDisk(run, answers);
          disk.free();
          const resumed = run.untilAcknowledged(RECOVERS_WITHIN_MS);
          resumedMs.push(Math.round(await run.server.unlessEnded(resumed)));
        }
        return { cycles, resumedMs, answers };
      },
    });
  } finally {
    disk.remove();
  }
}

/** Publishes large events, which no producer's history contains, until there is no room for one. */
async function untilRefused(run: FaultRun): Promise<void> {
  await until('the disk is full', REFUSED_WITHIN_MS, async () =>
    (await publishLargeEvent(run)).status === 201 ? undefined : true,
  );
}

/** Rejects when an answer does not say what is the matter, or when reading or the pages suffer while Postgres lives. */
async function watchFullDisk(run: FaultRun, answers: Record<string, number>): Promise<void> {
  const deadline = performance.now() + FULL_FOR_MS;
  while (performance.now() < deadline) {
    const answer = await publishLargeEvent(run);
    const detail = /"detail":"(?<detail>[^"]*)"/.exec(answer.text)?.groups?.['detail'];
    const key = `${answer.status} ${detail ?? ''}`;
    answers[key] = (answers[key] ?? 0) + 1;
    const isTold = [503, 507].includes(answer.status) && detail !== undefined && answer.retryAfter;
    if (answer.status !== 201 && !isTold)
      throw new Error(`A publish was answered ${answer.status}: ${answer.text}`);
    await expectAnswer(`${run.server.url}/`, [200]);
    await expectAnswer(`${run.server.url}/healthz`, [200]);
    const isUp = await run.server.isReady();
    const read = await request(`${run.server.url}/api/v1/events?topic=*&limit=5`);
    const isStillUp = await run.server.isReady();
    if (isUp && isStillUp && read.status !== 200)
      throw new Error(`A read was answered ${read.status}: ${read.text}`);
    await sleep(100);
  }
}

async function expectAnswer(url: string, statuses: readonly number[]): Promise<void> {
  const answer = await request(url);
  if (!statuses.includes(answer.status)) throw new Error(`${url} answered ${answer.status}`);
}

function publishLargeEvent(run: FaultRun) {
  return request(`${run.server.url}/api/v1/topics/burner/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      specversion: '1.0',
      id: randomUUID(),
      source: '/burner',
      type: 'burner.large',
      data: { noise: randomBytes(PAYLOAD_BYTES).toString('base64') },
    }),
  });
}

async function request(url: string, init: RequestInit = {}) {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    text: await response.text(),
  };
}
