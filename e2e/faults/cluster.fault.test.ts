import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type ClusterOptions, ClusterRun } from './cluster-run.ts';
import { mutantTest } from './mutant-test.ts';
import { type MutantName } from './mutants.ts';
import { type ServerOptions } from './server-launch.ts';

const SEED = Number(process.env['WEIR_FAULT_SEED'] ?? Date.now() % 2 ** 32);
const RESTARTS = Number(process.env['WEIR_FAULT_RESTARTS'] ?? '3');
const ZOMBIES = Number(process.env['WEIR_FAULT_ZOMBIES'] ?? '1');
const SERVERS = 3;
const TAKEN_OVER_WITHIN_MS = 13_000;
const SPREAD_WITHIN_MS = 30_000;
/** Longer than a lease lasts, and than a client waits for an answer. */
const PAUSE_MS = 15_000;
/** For so long nothing may come that was handled. */
const CALM_MS = 1_500;
const QUIET_DELIVERIES = 500;
const TIMEOUT_MS = 180_000;
const RESTART_TIMEOUT_MS = 30_000;
const SHOWN = 20;
/** So long that something is in flight of a partition that changes hands. */
const LONG_HOLD_MS = 300;
const LEAVING = [1, 2, 1];
const CLOCK_OFF_MS = 3_600_000;

type Hurt = (run: ClusterRun) => Promise<Readonly<Record<string, unknown>>>;

test('three servers on one database: each partition is delivered by one of them, whatever happens to another', {
  timeout: TIMEOUT_MS + ZOMBIES * 2 * PAUSE_MS + RESTARTS * RESTART_TIMEOUT_MS,
}, async () => {
  const complaints = await complaintsOfCluster('three servers', async (run) => ({
    untroubled: await deliverUntroubled(run),
    killed: await kill(run),
    zombies: await pause(run, ZOMBIES),
    restarted: await restartInTurn(run),
  }));
  expect(complaints).toEqual([]);
});

besideControl('takes partitions without waiting for their owner', leaveUnderLoad, {
  holdsMaxMs: LONG_HOLD_MS,
});
besideControl('gives a partition on without what is done beyond the offset', leaveUnderLoad, {
  holdsMaxMs: LONG_HOLD_MS,
});
besideControl(
  'tells by its own clock that it is alive',
  async (run) => ({ clocks: skewClocks(run), killed: await kill(run) }),
  { hasShiftableClock: true },
);
besideControl('takes acknowledgements though it may be dead', (run) => pause(run, 1), {
  holdsMaxMs: LONG_HOLD_MS,
});

/** What is noticed counts only when the same finds nothing without the mistake. */
function besideControl(
  name: MutantName,
  hurt: Hurt,
  options: Pick<ClusterOptions, 'holdsMaxMs'> & ServerOptions,
): void {
  mutantTest(name, async (repository) => {
    expect(await complaintsOfCluster(`not one that ${name}`, hurt, options)).toEqual([]);
    return complaintsOfCluster(`one that ${name}`, hurt, { ...options, repository });
  });
}

/** From here on the servers do not agree on what time it is; the one that will be killed is ahead. */
function skewClocks(run: ClusterRun) {
  const offsMs = [-1, 1, -0.5].map((share) => share * CLOCK_OFF_MS);
  run.servers.forEach((server, index) => server.shiftClock(offsMs[index] ?? 0));
  return { offsMs };
}

/**
 * Under load. Of several that join some take a partition while something of it is in flight, and each hand-over leaves events behind that
 * later ones have overtaken: nothing that was acknowledged comes again.
 */
async function leaveUnderLoad(run: ClusterRun) {
  for (const index of LEAVING) {
    await run.untilSpread(SPREAD_WITHIN_MS);
    await run.end(index, 'SIGTERM');
    await run.restart(index);
    await run.untilSpread(SPREAD_WITHIN_MS);
  }
  await run.watch.untilMore(QUIET_DELIVERIES, SPREAD_WITHIN_MS);
  refuseAgain(run, []);
  return { left: LEAVING.length };
}

/** Nothing comes twice while consumers join, and while nobody joins or leaves no partition changes hands. */
async function deliverUntroubled(run: ClusterRun) {
  const spreadMs = await timed(() => run.untilSpread(SPREAD_WITHIN_MS));
  const before = partitionsOf(run);
  await run.watch.untilMore(QUIET_DELIVERIES, SPREAD_WITHIN_MS);
  expect(partitionsOf(run)).toEqual(before);
  expect(run.watch.repeated).toBe(0);
  return { spreadMs };
}

async function kill(run: ClusterRun) {
  await run.untilSpread(SPREAD_WITHIN_MS);
  const takenOver = run.watch.untilTakenOver(1, TAKEN_OVER_WITHIN_MS);
  const [takenOverMs] = await Promise.all([takenOver, run.end(1, 'SIGKILL')]);
  await run.restart(1);
  const spreadMs = await timed(() => run.untilSpread(SPREAD_WITHIN_MS));
  return { takenOverMs, spreadMs };
}

async function pause(run: ClusterRun, times: number) {
  const takenOverMs: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const index = 1 + (time % (SERVERS - 1));
    await run.untilSpread(SPREAD_WITHIN_MS);
    const over = sleep(PAUSE_MS);
    run.pause(index);
    takenOverMs.push(await run.watch.untilTakenOver(index, TAKEN_OVER_WITHIN_MS));
    await over;
    run.resume(index);
    await run.untilSpread(SPREAD_WITHIN_MS);
  }
  return { takenOverMs };
}

/** With everything handled and under load, in turn. Nothing comes again that was acknowledged. */
async function restartInTurn(run: ClusterRun) {
  // What was killed and paused before may bring things again until all is handled.
  await run.drain();
  const before = run.watch.cameAgain;
  run.goOn();
  for (let time = 0; time < RESTARTS; time += 1) {
    const index = time % SERVERS;
    await run.untilSpread(SPREAD_WITHIN_MS);
    if (time % 2 === 0) await restartDrained(run, index);
    else {
      await run.end(index, 'SIGTERM');
      await run.restart(index);
    }
  }
  await run.untilSpread(SPREAD_WITHIN_MS);
  refuseAgain(run, before);
  return { restarts: RESTARTS };
}

function refuseAgain({ watch }: ClusterRun, before: readonly string[]): void {
  const again = watch.cameAgain.filter((id) => !before.includes(id));
  if (again.length === 0) return;
  const some = again.slice(0, SHOWN).join();
  throw new Error(`${again.length} acknowledged events came again: ${some}`);
}

async function restartDrained(run: ClusterRun, index: number): Promise<void> {
  await run.drain();
  const before = run.watch.total;
  await run.end(index, 'SIGTERM');
  await run.restart(index);
  await run.untilShared(SPREAD_WITHIN_MS);
  await sleep(CALM_MS);
  const again = run.watch.total - before;
  if (again > 0) throw new Error(`${again} handled events came again.`);
  run.goOn();
}

const partitionsOf = (run: ClusterRun) =>
  run.servers.map((_, index) => run.watch.partitionsOf(index).toSorted((a, b) => a - b));

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return Math.round(performance.now() - startedMs);
}

async function complaintsOfCluster(
  name: string,
  hurt: Hurt,
  { holdsMaxMs, ...options }: Pick<ClusterOptions, 'holdsMaxMs'> & ServerOptions = {},
): Promise<readonly string[]> {
  process.stdout.write(`seed ${SEED} (WEIR_FAULT_SEED repeats it)\n`);
  const cluster = { seed: SEED, size: SERVERS, server: options, ...(holdsMaxMs && { holdsMaxMs }) };
  return ClusterRun.during(cluster, async (run) => {
    const complaints = await complaintsOf(run, name, hurt);
    if (complaints.length > 0 && options.repository === undefined)
      process.stdout.write(`${run.logs}\n`);
    return complaints;
  });
}

async function complaintsOf(run: ClusterRun, name: string, hurt: Hurt): Promise<readonly string[]> {
  try {
    const measured = await hurt(run);
    await run.drain();
    const { anomalies, ...figures } = await run.check();
    process.stdout.write(
      `${name}: ${JSON.stringify({ ...measured, ...figures, anomalies: anomalies.length })}\n`,
    );
    return anomalies.slice(0, SHOWN).map(({ kind, detail }) => `${kind}: ${detail}`);
  } catch (error) {
    return [String(error)];
  }
}
