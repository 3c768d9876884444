import { defineConfig } from 'vitest/config';

const DB_TESTS = '**/*.db.test.ts';
const FAULT_TESTS = 'e2e/faults/**/*.fault.test.ts';
const setupFiles = ['server/testing/fail-on-console-error.ts'];
const outside = ['node_modules/**', '.next/**'];

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
          name: 'faults',
          environment: 'node',
          setupFiles,
          include: [FAULT_TESTS],
          exclude: outside,
          // Each measures how soon a server is back: one at a time.
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
