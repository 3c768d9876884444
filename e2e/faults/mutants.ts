// One line of the server each, made wrong on purpose. A fault test counts when it fails under its mutant.

export type Mutant = {
  /** Of the repository. */
  readonly file: string;
  /** Occurs exactly once in the file. When the product has changed and it does not: choose the same mistake anew. */
  readonly find: string;
  readonly replace: string;
};

export const MUTANTS = {
  'acknowledges before the commit': {
    file: 'server/storage/append-rows.ts',
    find: 'const { rows } = await db.query<AppendRow>({',
    replace: `await db.query('BEGIN');
  globalThis.committing ??= setTimeout(() => {
    globalThis.committing = undefined;
    db.query('COMMIT').catch(() => undefined);
  }, 50);
  const { rows } = await db.query<AppendRow>({`,
  },
  'commits without waiting for the disk': {
    file: 'server/storage/database.ts',
    find: '-c synchronous_commit=on`',
    replace: '-c synchronous_commit=off`',
  },
  'keeps a connection that broke': {
    file: 'server/storage/database.ts',
    find: 'const lost = options.onConnectionLost ?? (() => undefined);',
    replace: `const lost = options.onConnectionLost ?? (() => undefined);
  const connect = writers.connect.bind(writers);
  let kept: Promise<pg.PoolClient> | undefined;
  writers.connect = async () => {
    const client = await (kept ??= connect());
    return { query: client.query.bind(client), release: () => undefined };
  };`,
  },
  'tries again with a random id': {
    file: 'server/storage/append-rows.ts',
    find: '      batch.eventId,',
    replace: `      batch.eventId.map((id) => {
        const tried: Set<string> = (globalThis.tried ??= new Set());
        const isKnown = tried.has(id);
        tried.add(id);
        return isKnown ? crypto.randomUUID() : id;
      }),`,
  },
  'does not tell a lost connection from a bug': {
    file: 'server/storage/database-errors.ts',
    find: "if (LOST.test(code)) return 'connection';",
    replace: '',
  },
} as const satisfies Readonly<Record<string, Mutant>>;

export type MutantName = keyof typeof MUTANTS;
