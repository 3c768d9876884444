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
  writers.connect = async (answer) => {
    if (answer) return connect(answer);
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
  'swaps the appends of a batch': {
    file: 'server/engine/log/append-plan.ts',
    find: 'for (const append of appends) draft.add(append);',
    replace: 'for (const append of appends.toReversed()) draft.add(append);',
  },
  'tells several events the same position': {
    file: 'server/engine/log/append-plan.ts',
    find: 'position: outcome.tail + at + 1,',
    replace: 'position: outcome.tail + 1,',
  },
  'shows the log without its last events': {
    file: 'server/engine/log/event-search.ts',
    find: 'const tail = deps.log.tailPosition();',
    replace: 'const tail = deps.log.tailPosition() - 3;',
  },
  'leaves an event out of a page': {
    file: 'server/engine/log/event-search.ts',
    find: 'const records = more ? found.records.slice(0, limit) : found.records;',
    replace: `const kept = more ? found.records.slice(0, limit) : found.records;
  const records = kept.filter(({ position }) => position % 40 > 0);`,
  },
  'acknowledges what it could not store': {
    file: 'server/engine/log/group-commit.ts',
    find: 'for (const pending of batch) pending.reject(reason);',
    replace: `const place = { topic: 'load', partition: 0, offset: 0, position: 1, duplicate: false };
    for (const pending of batch)
      pending.resolve(pending.append.events.map(({ id }) => ({ id, ...place })));`,
  },
  'tells by its own clock when a retry is due': {
    file: 'server/storage/retry-rows.ts',
    find: "now() + $15 * interval '1 millisecond'",
    replace: "to_timestamp(${Date.now() / 1_000}) + $15 * interval '1 millisecond'",
  },
  'orders the log by its own clock': {
    file: 'server/storage/event-query-rows.ts',
    find: 'ORDER BY ${orderColumn(conditions)}',
    replace: 'ORDER BY e.time, ${orderColumn(conditions)}',
  },
  'takes a long pause for its end': {
    file: 'server/storage/node-rows.ts',
    find: "THEN 'alive' ELSE 'lapsed' END",
    replace: "THEN 'alive' ELSE 'replaced' END",
  },
  'takes partitions without waiting for their owner': {
    file: 'server/storage/partition-rows.ts',
    find: 'AND (p.owner IS NULL OR p.owner = $2 OR ${EXPIRED})',
    replace: 'AND (true OR p.owner = $2 OR ${EXPIRED})',
  },
  'gives a partition on without what is done beyond the offset': {
    file: 'server/engine/broker/offset-commits.ts',
    find: 'doneAhead: partition.closing ? partition.doneAhead() : null',
    replace: 'doneAhead: null',
  },
  'tells by its own clock that it is alive': {
    file: 'server/storage/node-rows.ts',
    find: 'UPDATE nodes n SET heartbeat_at = now(), serves',
    replace: 'UPDATE nodes n SET heartbeat_at = to_timestamp(${Date.now() / 1_000}), serves',
  },
  'takes acknowledgements though it may be dead': {
    file: 'server/engine/delivery/pull.ts',
    find: 'if (this.#isFresh()) return;',
    replace: 'if (this.#incarnation) return;',
  },
  'stores offsets in the name of another': {
    file: 'server/storage/partition-rows.ts',
    find: 'AND p.owner = $2 AND p.owner_incarnation = $3 AND p.epoch = v.epoch AND p.committed <= v.committed',
    replace: 'AND $2::text IS NOT NULL AND $3::uuid IS NOT NULL',
  },
  'stores offsets whoever the owner is, forwards': {
    file: 'server/storage/partition-rows.ts',
    find: 'AND p.owner = $2 AND p.owner_incarnation = $3 AND p.epoch = v.epoch AND p.committed',
    replace: 'AND $2::text IS NOT NULL AND $3::uuid IS NOT NULL AND p.committed',
  },
  'keeps all that a client has not taken': {
    file: 'server/socket/pending-budget.ts',
    find: 'while (this.bytes > MAX_PENDING_BYTES) {',
    replace: 'while (this.bytes > 1_000 * MAX_PENDING_BYTES) {',
  },
  'hands frames to a connection that does not take them': {
    file: 'server/socket/live-connection.ts',
    find: 'const isDrained = () => waiting.packets === 0 && socket.conn.transport.writable;',
    replace: 'const isDrained = () => waiting.packets >= 0;',
  },
} as const satisfies Readonly<Record<string, Mutant>>;

export type MutantName = keyof typeof MUTANTS;
