import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COUNTER_EXAMPLES } from './counter-examples.ts';
import { type Sabotage, simulate } from './simulation.ts';
import { type Plan, planOf } from './simulation-plan.ts';

/** How many plans, and how long each at most; more at night. A failure says the seed that brings it again. */
const PLANS = Number(process.env['WEIR_SIM_SEEDS'] ?? 200);
const COMMANDS = Number(process.env['WEIR_SIM_COMMANDS'] ?? 40);
const SEED =
  process.env['WEIR_SIM_SEED'] === 'random'
    ? Date.now()
    : Number(process.env['WEIR_SIM_SEED'] ?? 1);
/** A longer plan that fails is not shrunk: that takes hours, and the output says how to bring it again. */
const SHRUNK_COMMANDS = 100;
const MAX_MS = 40_000 * Math.max(1, (PLANS * COMMANDS) / 8_000);
const LEAST_RATIO = 100;
/** On average over many plans: 500 commands at most are 10,000 steps. */
const LEAST_STEPS_OF_A_COMMAND = 20;
const MANY_PLANS = 100;
/** A mutant is to be caught within so many plans. */
const MUTANT_PLANS = 300;

describe('the broker in a simulation', () => {
  test(
    'keeps its promises under every plan',
    async () => {
      const startedMs = performance.now();
      let virtualMs = 0;
      let steps = 0;
      const keepsRules = async (plan: Plan): Promise<void> => {
        const result = await simulate(plan);
        virtualMs += result.virtualMs;
        steps += result.steps;
        expect(result.violations).toEqual([]);
      };

      await fc.assert(fc.asyncProperty(planOf(COMMANDS), keepsRules), {
        numRuns: PLANS,
        seed: SEED,
        endOnFailure: COMMANDS > SHRUNK_COMMANDS,
      });

      const ratio = Math.round(virtualMs / (performance.now() - startedMs));
      const stepsOfAPlan = Math.round(steps / PLANS);
      const figures = { seed: SEED, plans: PLANS, stepsOfAPlan, ratio };
      process.stdout.write(`simulation: ${JSON.stringify(figures)}\n`);
      expect(ratio).toBeGreaterThan(LEAST_RATIO);
      if (PLANS >= MANY_PLANS)
        expect(stepsOfAPlan).toBeGreaterThan(COMMANDS * LEAST_STEPS_OF_A_COMMAND);
    },
    MAX_MS,
  );

  test('does the same for the same seed', async () => {
    for (const plan of fc.sample(planOf(COMMANDS), { numRuns: 10, seed: SEED })) {
      const [first, second] = [await simulate(plan), await simulate(plan)];

      expect(second).toEqual(first);
    }
  });

  test.each(Object.entries(COUNTER_EXAMPLES))('%s', async (_name, plan) => {
    const { violations } = await simulate(plan);

    expect(violations).toEqual([]);
  });
});

/** One line of the broker's world spoilt, what it is to break, and where that can be seen. */
const MUTANTS: Readonly<
  Record<
    string,
    { readonly rule: string; readonly within?: Partial<Plan>; readonly sabotage: Sabotage }
  >
> = {
  'offsets are committed whatever the epoch': {
    rule: 'P',
    within: { mode: 'stream', nodes: 3, guarantee: 'at-least-once' },
    sabotage: {
      store: (store, tables) => ({
        ...store,
        updateCommitted: async (_id, _owner, commits) => {
          for (const { partition, committed, position } of commits) {
            const row = tables().leases.find((one) => one.partition === partition);
            if (row !== undefined) Object.assign(row, { committed, committedPosition: position });
          }
          return commits.map(({ topicId, partition }) => ({ topicId, partition }));
        },
      }),
    },
  },
  'an offset is committed before its event is handled': {
    rule: 'P7',
    within: { mode: 'stream', guarantee: 'at-least-once' },
    sabotage: {
      store: (store) => ({
        ...store,
        updateCommitted: (id, owner, commits) =>
          store.updateCommitted(
            id,
            owner,
            commits.map((commit) => ({ ...commit, committed: commit.committed + 1 })),
          ),
      }),
    },
  },
  'a partition is taken without a new epoch': {
    rule: 'P13',
    within: { mode: 'stream', nodes: 3 },
    sabotage: {
      store: (store, tables) => ({
        ...store,
        acquirePartitions: async (id, owner, taking) => {
          const rows = await store.acquirePartitions(id, owner, taking);
          for (const { partition } of rows) {
            const row = tables().leases.find((one) => one.partition === partition);
            if (row !== undefined) row.epoch -= 1;
          }
          return rows.map((row) => ({ ...row, epoch: row.epoch - 1 }));
        },
      }),
    },
  },
  'what is done beyond the offset is not handed on': {
    rule: 'P5',
    within: { mode: 'stream', guarantee: 'at-least-once', nodes: 3 },
    sabotage: {
      store: (store) => ({
        ...store,
        acquirePartitions: async (id, owner, taking) => {
          const rows = await store.acquirePartitions(id, owner, taking);
          return rows.map((row) => ({ ...row, doneAhead: [] }));
        },
      }),
    },
  },
  'a reset leaves what is done beyond the offset': {
    rule: 'P',
    within: { mode: 'stream', guarantee: 'at-least-once', nodes: 2, concurrency: 16 },
    sabotage: {
      store: (store, tables) => ({
        ...store,
        transaction: (work) =>
          store.transaction((tx) =>
            work({
              ...tx,
              resetPartitions: async (id, starts) => {
                const before = tables().leases.map((row) => row.doneAhead);
                await tx.resetPartitions(id, starts);
                for (const [index, row] of tables().leases.entries())
                  row.doneAhead = before[index] ?? [];
              },
            }),
          ),
      }),
    },
  },
  'a failure is acknowledged before it is stored': {
    rule: 'P7',
    within: { mode: 'stream', guarantee: 'at-least-once' },
    sabotage: { store: (store) => ({ ...store, insertWaitingRetry: async () => true }) },
  },
  'what is parked is not stored': {
    rule: 'P7',
    within: { mode: 'stream', guarantee: 'at-least-once', onFailure: 'park-key' },
    sabotage: { store: (store) => ({ ...store, insertParkedRetries: async () => undefined }) },
  },
  'a settled retry forgets what is parked behind it': {
    rule: 'liveness',
    within: { mode: 'stream', guarantee: 'at-least-once', onFailure: 'park-key' },
    sabotage: {
      store: (store) => ({
        ...store,
        deleteRetryAndClaimNext: async (id, claimedBy) =>
          (await store.deleteRetryAndClaimNext(id, claimedBy)) === null ? null : { next: null },
      }),
    },
  },
  'what was claimed without an answer is not looked for': {
    rule: 'liveness',
    within: { mode: 'stream', guarantee: 'at-least-once' },
    sabotage: { store: (store) => ({ ...store, selectForgottenRetries: async () => [] }) },
  },
  'a letter is not written': {
    rule: 'P',
    within: { mode: 'stream', guarantee: 'at-least-once' },
    sabotage: {
      store: (store) => ({
        ...store,
        transaction: (work) =>
          store.transaction((tx) => work({ ...tx, upsertDeadLetter: async (letter) => letter.id })),
      }),
    },
  },
  'events of a key in retries are handed out again': {
    rule: 'P6',
    within: { mode: 'stream', guarantee: 'at-least-once', onFailure: 'park-key' },
    sabotage: { store: (store) => ({ ...store, selectRetryingKeys: async () => [] }) },
  },
  'a claim of a queue counts as complete too early': {
    rule: 'P7',
    within: { mode: 'queue', guarantee: 'at-least-once' },
    sabotage: {
      store: (store) => ({
        ...store,
        updateClaims: (owner, progress) =>
          store.updateClaims(
            owner,
            progress.map((one) => ({ ...one, complete: true })),
          ),
      }),
    },
  },
  'a mark of what was handled once is not looked at': {
    rule: 'P5',
    within: { mode: 'stream', guarantee: 'effectively-once', nodes: 3 },
    sabotage: {
      store: (store) => ({
        ...store,
        transaction: (work) =>
          store.transaction((tx) => work({ ...tx, insertProcessed: async () => true })),
      }),
    },
  },
  'a read of a partition leaves one out': {
    rule: 'P',
    within: { mode: 'stream', guarantee: 'at-least-once' },
    sabotage: { read: (records) => records.filter((record) => record.offset !== 3) },
  },
  'a replay begins one too late': {
    rule: 'P8',
    within: { mode: 'stream', guarantee: 'at-least-once' },
    sabotage: { replayRange: ({ from, to }) => ({ from: from + 1, to }) },
  },
  'a replay ends one too late': {
    rule: 'P8',
    within: { mode: 'stream', guarantee: 'at-least-once' },
    sabotage: { replayRange: ({ from, to }) => ({ from, to: to + 1 }) },
  },
};

describe('a sabotage is caught:', () => {
  test.each(Object.entries(MUTANTS))(
    '%s',
    async (_name, { rule, within, sabotage }) => {
      const plans = planOf(COMMANDS).map((plan) => ({ ...plan, ...within }));
      const isUnseen = async (plan: Plan): Promise<boolean> => {
        const { violations } = await simulate(plan, sabotage);
        return !violations.some((violation) => violation.startsWith(rule));
      };

      const details = await fc.check(fc.asyncProperty(plans, isUnseen), {
        numRuns: MUTANT_PLANS,
        seed: 1,
        endOnFailure: true,
      });

      expect(details.failed).toBe(true);
    },
    MAX_MS,
  );
});
