// RT-17. Whatever people and clients do one after the other, in whatever order: the engine on Postgres does what a model of a few
// lines says, after each command.
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ModelPlan, modelPlanOf } from '#server/testing/delivery-model/model-commands.ts';
import { ModelHost } from '#server/testing/delivery-model/model-host.ts';
import { ModelRun, type ModelSpoil } from '#server/testing/delivery-model/model-run.ts';
import { createTestNodes, type TestNodes } from '#server/testing/test-nodes.ts';

/** How many runs, and how many commands each at most; more at night. */
const RUNS = Number(process.env['WEIR_ENGINE_MODEL_RUNS'] ?? 300);
const COMMANDS = Number(process.env['WEIR_ENGINE_MODEL_COMMANDS'] ?? 30);
/** The same plans each time; other ones at night, and then the output says which. */
const SEED =
  process.env['WEIR_ENGINE_MODEL_SEED'] === 'random'
    ? Date.now() % 2 ** 30
    : Number(process.env['WEIR_ENGINE_MODEL_SEED'] ?? 1);
/** Servers, each with a database of its own, on which runs go on side by side: most of a run is waiting. */
const LANES = 4;
const RUN_MS = 2_000;
const MUTANT_RUNS = 200;

let hosts: { readonly nodes: TestNodes; readonly host: ModelHost }[] = [];
let runs = 0;
beforeEach(async () => {
  for (let lane = 0; lane < LANES; lane += 1) {
    const nodes = await createTestNodes();
    hosts.push({ nodes, host: await ModelHost.start(nodes, `model-${lane}`) });
  }
});
afterEach(async () => {
  for (const { nodes, host } of hosts) {
    await host.stop();
    await nodes.drop();
  }
  hosts = [];
});

type Done = { commands: number; queues: number };

async function follow(
  host: ModelHost,
  { mode, commands }: ModelPlan,
  { done, spoil }: { readonly done: Done; readonly spoil?: ModelSpoil },
): Promise<void> {
  runs += 1;
  const run = await ModelRun.open(host, { topic: `model-${runs}`, mode }, spoil);
  for (const command of commands) {
    await run.do(command);
    done.commands += 1;
  }
  await run.finish();
  done.queues += mode === 'queue' ? 1 : 0;
}

test('what the engine delivers and keeps is what the model says, after every command', {
  timeout: 60_000 + RUNS * RUN_MS,
}, async () => {
  const done = { commands: 0, queues: 0 };

  await Promise.all(
    hosts.map(({ host }, lane) =>
      fc.assert(
        fc.asyncProperty(modelPlanOf(COMMANDS), (plan) => follow(host, plan, { done })),
        { numRuns: Math.ceil(RUNS / LANES), seed: SEED + lane, endOnFailure: true },
      ),
    ),
  );

  const crashes = hosts.reduce((sum, { host }) => sum + host.crashes, 0);
  process.stdout.write(`model: ${JSON.stringify({ seed: SEED, runs: RUNS, ...done, crashes })}\n`);
  expect(crashes).toBeGreaterThan(0);
  expect(done.queues).toBeGreaterThan(0);
});

const SPOILS: Readonly<Record<string, ModelSpoil>> = {
  'a replay that begins one too late': { replayRange: (from, to) => ({ from: from + 1, to }) },
  'a replay that ends one too late': { replayRange: (from, to) => ({ from, to: to + 1 }) },
  'an acknowledgement that does nothing': { acknowledges: () => [] },
  'a duplicate that is stored': { publishedAgain: (id) => `${id} again` },
};

test.each(Object.entries(SPOILS))('notices %s', { timeout: 120_000 }, async (_name, spoil) => {
  const [first] = hosts;
  if (first === undefined) return;
  const done = { commands: 0, queues: 0 };

  const details = await fc.check(
    fc.asyncProperty(modelPlanOf(COMMANDS), (plan) => follow(first.host, plan, { done, spoil })),
    { numRuns: MUTANT_RUNS, seed: 1, endOnFailure: true },
  );

  expect(details.failed).toBe(true);
});
