import { defineConfig, devices } from '@playwright/test';
import { appAddress, appServer } from './e2e/support/app.ts';

const executablePath = process.env['PLAYWRIGHT_CHROMIUM'];

export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.spec.ts',
  // The stories share one Weir, and some of them pause what others watch.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  webServer: appServer,
  use: {
    ...devices['Desktop Chrome'],
    baseURL: appAddress,
    trace: 'retain-on-failure',
    launchOptions: {
      ...(executablePath ? { executablePath } : {}),
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    },
  },
});
