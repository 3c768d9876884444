import { defineConfig } from 'prisma/config';

// Only the official command line reads this. Weir itself migrates at boot (server/storage/migrate.ts).
const url = process.env['DATABASE_URL'];

export default defineConfig({
  schema: 'prisma/schema',
  migrations: { path: 'prisma/migrations' },
  ...(url ? { datasource: { url } } : {}),
});
