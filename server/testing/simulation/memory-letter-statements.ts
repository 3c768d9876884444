import { type BrokerStatements } from '#server/engine/broker/broker-store.ts';
import { type DeadLetterRow } from '#server/storage/dead-letter-rows.ts';
import { isSamePlace, type LetterRow, type MemoryState } from './memory-tables.ts';

const MAY_RETRY: readonly string[] = ['open', 'acknowledged', 'ignored'];

/** Attempts, letters and marks of what was handled once; each does what the statement of the same name does. Groups are not kept. */
export function letterStatements(state: MemoryState) {
  return { ...writingStatements(state), ...decidingStatements(state), ...readingStatements(state) };
}

function writingStatements(state: MemoryState) {
  return {
    insertAttempt: async (attempt) => {
      state.tables.attempts.push({ ...attempt, atMs: state.now() });
    },
    upsertDeadLetter: async (letter) => {
      const known = state.tables.letters.find(
        (row) =>
          row.subscriptionId === letter.subscriptionId &&
          isSamePlace(row, letter) &&
          row.offset === letter.offset,
      );
      const opened = {
        status: 'open',
        reason: null,
        deadMs: state.now(),
        resolvedMs: null,
      } as const;
      if (known === undefined) {
        state.tables.letters.push({ ...letter, ...opened, editedData: null });
        return letter.id;
      }
      const { fingerprint, errorClass, errorMessage, operationId } = letter;
      const attemptCount = known.attemptCount + letter.attemptCount;
      const cause = { fingerprint, errorClass, errorMessage, operationId, attemptCount };
      Object.assign(known, opened, cause);
      return known.id;
    },
    upsertDeadLetterGroup: async () => undefined,
    insertProcessed: async (subscriptionId, position) => {
      const { processed } = state.tables;
      const isThere = processed.some(
        (row) => row.subscriptionId === subscriptionId && row.position === position,
      );
      if (!isThere) processed.push({ subscriptionId, position });
      return !isThere;
    },
    deleteProcessedFrom: async (subscriptionId, position) => {
      const { tables } = state;
      tables.processed = tables.processed.filter(
        (row) => row.subscriptionId !== subscriptionId || row.position < position,
      );
    },
    // Nothing in a simulation gets a day old.
    deleteOldProcessed: async () => 0,
  } satisfies Partial<BrokerStatements>;
}

function decidingStatements(state: MemoryState) {
  const change = (
    id: string,
    from: readonly string[],
    to: Partial<Omit<LetterRow, 'id'>>,
  ): boolean => {
    const row = state.tables.letters.find((one) => one.id === id);
    if (row === undefined || !from.includes(row.status)) return false;
    Object.assign(row, to);
    return true;
  };
  return {
    updateLettersRetrying: async (ids, operationId) =>
      ids.flatMap((id) => {
        if (!change(id, MAY_RETRY, { status: 'retrying', operationId })) return [];
        const row = state.tables.letters.find((one) => one.id === id);
        return row === undefined ? [] : [{ letterId: id, subscription: nameOf(state, row) }];
      }),
    updateLetterData: async (id, data) => {
      const row = state.tables.letters.find((one) => one.id === id);
      if (row !== undefined) row.editedData = data;
    },
    updateLetterResolved: async (id) =>
      change(id, ['retrying'], { status: 'resolved', resolvedMs: state.now() }),
    updateLetterDiscarded: async (id, reason) =>
      change(id, MAY_RETRY, { status: 'discarded', reason, resolvedMs: state.now() }),
  } satisfies Partial<BrokerStatements>;
}

function readingStatements(state: MemoryState) {
  const shown = (row: LetterRow) => {
    const deadAt = iso(row.deadMs);
    return { ...letterOf(state, row), deadAt, exactDeadAt: deadAt };
  };
  return {
    selectAttempts: async (positions, subscriptionId) =>
      state.tables.attempts
        .filter(
          (row) =>
            positions.includes(row.position) &&
            (subscriptionId === null || row.subscriptionId === subscriptionId),
        )
        .map(({ atMs, retryable: _retryable, ...row }) => ({ ...row, at: iso(atMs) })),
    selectDeadLetter: async (id) => {
      const row = state.tables.letters.find((one) => one.id === id);
      return row === undefined ? null : letterOf(state, row);
    },
    selectDeadLetters: async ({ subscription, status }, { limit }) =>
      state.tables.letters
        .filter(
          (row) =>
            (subscription === undefined || nameOf(state, row) === subscription) &&
            (status === undefined || row.status === status),
        )
        .toSorted((a, b) => b.deadMs - a.deadMs || (a.id < b.id ? 1 : -1))
        .slice(0, limit)
        .map(shown),
    selectLetterEvents: async (ids) =>
      state.tables.letters
        .filter((row) => ids.includes(row.id))
        .map(({ id, event }) => ({ id, event })),
    selectLettersOfPosition: async (position) =>
      state.tables.letters
        .filter((row) => row.position === position)
        .map(({ subscriptionId, id, status }) => ({ subscriptionId, id, status })),
    selectUnsettledLetterCounts: async () =>
      [...Map.groupBy(state.tables.letters, (row) => row.subscriptionId)].flatMap(
        ([subscriptionId, rows]) => {
          const open = rows.filter((row) =>
            ['open', 'acknowledged', 'retrying'].includes(row.status),
          );
          return open.length === 0 ? [] : [{ subscriptionId, letters: open.length }];
        },
      ),
  } satisfies Partial<BrokerStatements>;
}

const iso = (ms: number): string => new Date(ms).toISOString();

const nameOf = ({ tables }: MemoryState, row: LetterRow): string =>
  tables.subscriptions.find((one) => one.id === row.subscriptionId)?.name ?? '';

function letterOf(state: MemoryState, row: LetterRow): DeadLetterRow {
  return {
    id: row.id,
    subscriptionId: row.subscriptionId,
    subscription: nameOf(state, row),
    position: row.position,
    status: row.status,
    fingerprint: row.fingerprint,
    reason: row.reason,
    errorClass: row.errorClass,
    errorMessage: row.errorMessage,
    attemptCount: row.attemptCount,
    operationId: row.operationId,
    event: row.event,
    editedData: row.editedData,
    deadAt: iso(row.deadMs),
    resolvedAt: row.resolvedMs === null ? null : iso(row.resolvedMs),
  };
}
