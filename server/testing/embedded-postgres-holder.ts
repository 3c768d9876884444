// A process of its own that starts the embedded Postgres of a folder, says its address and waits to be killed.
import { startEmbeddedPostgres } from '#server/storage/embedded-postgres.ts';

const { url } = await startEmbeddedPostgres({ dataFolder: process.argv[2] ?? '' });
process.stdout.write(`${url}\n`);
setInterval(() => undefined, 60_000);
