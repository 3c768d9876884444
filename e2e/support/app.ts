/** Where the Weir under test answers; `npm test` chooses a free port, `npx playwright test` alone takes 3100. */
const port = process.env['WEIR_E2E_PORT'] ?? '3100';
export const appAddress = `http://127.0.0.1:${port}`;

/** The production server with a database of its own and the shop moving, started and stopped by Playwright. */
export const appServer = {
  command: 'node server/main.ts',
  url: `${appAddress}/readyz`,
  timeout: 120_000,
  gracefulShutdown: { signal: 'SIGTERM' as const, timeout: 12_000 },
  stdout: 'ignore' as const,
  stderr: 'pipe' as const,
  env: {
    NODE_ENV: 'production',
    PORT: port,
    HOST: '127.0.0.1',
    DATABASE_URL: '',
    WEIR_DATA_DIR: process.env['WEIR_E2E_DATA_DIR'] ?? '.weir/e2e',
    WEIR_SCENARIO: 'shop',
    LOG_LEVEL: 'warn',
  },
};
