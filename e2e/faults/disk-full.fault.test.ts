import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, test } from 'vitest';
import { complaintsAfter } from './complaints.ts';
import { type FaultRun } from './fault-run.ts';
import { mutantTest } from './mutant-test.ts';
import { portions } from './portions.ts';
import { SmallDisk } from './small-disk.ts';

const SEED = Number(process.env['WEIR_FAULT_SEED'] ?? Date.now() % 2 ** 32);
const CYCLES = Number(process.env['WEIR_FAULT_DISK_CYCLES'] ?? '2');
/** The log of Postgres grows from cycle to cycle, and the disk is small. */
const CYCLES_OF_A_RUN = 4;
const DISK_MB = 320;
const REFUSED_WITHIN_MS = 20_000;
const FULL_FOR_MS = 5_000;
const LOG_RECORD_BYTES = 1_000_000;
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
    for (const cycles of portions(CYCLES, CYCLES_OF_A_RUN))
      expect(await complaintsOnSmallDisk(cycles)).toEqual([]);
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
        const stored: string[] = [];
        for (let cycle = 0; cycle < cycles; cycle += 1) {
          await run.untilAcknowledged();
          disk.fill();
          // In turn there is no room for rows, and none for Postgres's log, which ends Postgres.
          if (cycle % 2 === 1) await fillLog(run);
          stored.push(...(await untilRefused(run)));
          await watchFullDisk(run, answers);
          disk.free();
          const resumed = run.untilAcknowledged(RECOVERS_WITHIN_MS);
          resumedMs.push(Math.round(await run.server.unlessEnded(resumed)));
        }
        await expectStored(run, stored);
        if (!Object.keys(answers).some((answer) => /^50[37] .*disk.* full/.test(answer)))
          throw new Error(`Nobody was told of the disk: ${JSON.stringify(answers)}`);
        return { cycles, resumedMs, answers };
      },
    });
  } finally {
    disk.remove();
  }
}

/** Writes Postgres's log and nothing else, until there is no room for more. */
async function fillLog({ server }: FaultRun): Promise<void> {
  const client = new pg.Client({ connectionString: server.postgresUrl() });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const record = ['weir', 'x'.repeat(LOG_RECORD_BYTES)];
    for (let bytes = 0; bytes < DISK_MB * 1_048_576; bytes += LOG_RECORD_BYTES)
      await client.query('SELECT pg_logical_emit_message(true, $1, $2)', record);
  } catch {
    return;
  } finally {
    await client.end().catch(() => undefined);
  }
  throw new Error('The disk is not full.');
}

/** Publishes large events, which are no producer's, until there is no room for one. The ids of those that were acknowledged. */
async function untilRefused(run: FaultRun): Promise<readonly string[]> {
  const acknowledged: string[] = [];
  const deadline = performance.now() + REFUSED_WITHIN_MS;
  while (performance.now() < deadline) {
    const { id, status } = await publishLargeEvent(run);
    if (status !== 201) return acknowledged;
    acknowledged.push(id);
  }
  await expectStored(run, acknowledged);
  throw new Error('The disk was full, and every event was stored.');
}

async function expectStored({ api }: FaultRun, ids: readonly string[]): Promise<void> {
  const stored = new Set((await api.log()).map(({ id }) => id));
  const lost = ids.filter((id) => !stored.has(id));
  if (lost.length > 0) throw new Error(`${lost.length} were acknowledged on a full disk and lost.`);
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

async function publishLargeEvent(run: FaultRun) {
  const id = randomUUID();
  const noise = randomBytes(PAYLOAD_BYTES).toString('base64');
  const event = {
    specversion: '1.0',
    id,
    source: '/burner',
    type: 'burner.large',
    data: { noise },
  };
  const answer = await request(`${run.server.url}/api/v1/topics/burner/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
  });
  return { id, ...answer };
}

async function request(url: string, init: RequestInit = {}) {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    text: await response.text(),
  };
}
