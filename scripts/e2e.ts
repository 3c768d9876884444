import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildWhenChanged } from './build.ts';
import { findChromium } from './chromium.ts';
import { whenEntry } from './entry.ts';
import { report, runPlaywright, type Tally } from './tally.ts';

/** The browser stories against a production build, with a database and a port of their own. */
export async function e2e(): Promise<Tally> {
  await buildWhenChanged();
  const dataFolder = mkdtempSync(join(tmpdir(), 'weir-e2e-'));
  // As root, Postgres runs as another user, who must be able to pass through.
  chmodSync(dataFolder, 0o755);
  try {
    return await runPlaywright({
      PLAYWRIGHT_CHROMIUM: await findChromium(),
      WEIR_E2E_PORT: String(await findPort()),
      WEIR_E2E_DATA_DIR: join(dataFolder, 'data'),
    });
  } finally {
    rmSync(dataFolder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function findPort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    server.close(() => {
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
  return promise;
}

await whenEntry(import.meta.url, async () => report(await e2e()));
