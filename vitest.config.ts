import { defineConfig } from 'vitest/config';

const DB_TESTS = '**/*.db.test.ts';
const FAULT_TESTS = 'e2e/faults/**/*.fault.test.ts';
/** What compares how quick a server is before and after. */
const LONELY_FAULT_TESTS = ['e2e/faults/memory.fault.test.ts'];
const setupFiles = ['server/testing/fail-on-console-error.ts'];
const outside = ['node_modules/**', '.next/**'];
const faults = {
  environment: 'node',
  setupFiles,
  testTimeout: 180_000,
  hookTimeout: 60_000,
} as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          setupFiles,
          include: ['**/*.test.ts', '**/*.test.tsx'],
          exclude: [DB_TESTS, FAULT_TESTS, ...outside],
          testTimeout: 30_000,
          // They leave nothing behind; to load the modules anew for each file takes longer than the tests.
          isolate: false,
        },
      },
      {
        test: {
          name: 'db',
          environment: 'node',
          setupFiles,
          include: [DB_TESTS],
          exclude: outside,
          globalSetup: ['server/testing/test-cluster.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          ...faults,
          name: 'faults',
          include: [FAULT_TESTS],
          exclude: [...LONELY_FAULT_TESTS, ...outside],
          // Much of their time is waiting; each has a server and a Postgres of its own.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...faults,
          name: 'faults-alone',
          include: LONELY_FAULT_TESTS,
          exclude: outside,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
