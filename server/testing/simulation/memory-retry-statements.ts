import { type BrokerStatements } from '#server/engine/broker/broker-store.ts';
import { type ClaimedRetry } from '#server/storage/retry-rows.ts';
import { holds, isAlive } from './memory-lease-statements.ts';
import { isSamePlace, type MemoryState, type RetryRow } from './memory-tables.ts';

type Places = readonly { readonly topicId: number; readonly partition: number }[];

/** Retries and what is parked; each does what the statement of the same name does. */
export function retryStatements(state: MemoryState) {
  return {
    ...insertingStatements(state),
    ...claimingStatements(state),
    ...settlingStatements(state),
    ...takeoverStatements(state),
    ...countingStatements(state),
  };
}

function insertingStatements(state: MemoryState) {
  return {
    insertWaitingRetry: async (failed, { target, delayMs, kind, fence }) => {
      if (!holds(state, fence)) return false;
      state.tables.attempts.push({ ...failed, atMs: state.now() });
      insert(state, {
        ...rowOf(target),
        subscriptionId: failed.subscriptionId,
        position: failed.position,
        attempt: failed.attempt,
        dueMs: state.now() + delayMs,
        kind,
        operationId: failed.operationId,
      });
      return true;
    },
    insertRunningRetry: async (target, { claimedBy, fence }) => {
      if (!holds(state, fence)) return 'fenced';
      const wanted = { ...rowOf(target), state: 'running', attempt: 1, claimedBy } as const;
      const row = insert(state, wanted) ?? known(state, wanted);
      return row?.claimedBy === claimedBy && row.state === 'running' ? claimedOf(row) : null;
    },
    insertParkedRetries: async (owner, targets) => {
      for (const { epoch, ...target } of targets) {
        const { subscriptionId, topicId, partition } = target;
        const fence = {
          type: 'partition',
          subscriptionId,
          topicId,
          partition,
          owner,
          epoch,
        } as const;
        if (holds(state, fence)) insert(state, { ...rowOf(target), state: 'parked' });
      }
    },
    insertRedriveRetries: async (letterIds, operationId) => {
      for (const letter of state.tables.letters) {
        if (!letterIds.includes(letter.id)) continue;
        insert(state, {
          ...rowOf(letter),
          dueMs: state.now(),
          kind: 'redrive',
          operationId,
          deadLetterId: letter.id,
          data: letter.editedData,
        });
      }
    },
  } satisfies Partial<BrokerStatements>;
}

function claimingStatements(state: MemoryState) {
  const mayTake = (row: RetryRow, incarnation: string, of: Places): boolean => {
    const operation = state.tables.operations.find((one) => one.id === row.operationId);
    if (row.kind === 'replay' && operation !== undefined && operation.claimedBy !== null)
      return operation.claimedBy === incarnation;
    const lease = leaseOf(state, row);
    if (lease === undefined) return true;
    return lease.incarnation === incarnation && of.some((one) => isSamePlace(one, row));
  };
  return {
    claimDueRetries: async (subscriptionId, claimedBy, { limit, of }) => {
      const due = state.tables.retries
        .filter(
          (row) =>
            row.subscriptionId === subscriptionId &&
            row.state === 'waiting' &&
            (row.dueMs ?? 0) <= state.now() &&
            mayTake(row, claimedBy, of),
        )
        .toSorted((a, b) => (a.dueMs ?? 0) - (b.dueMs ?? 0) || a.id - b.id)
        .slice(0, limit);
      return due
        .map((row) => begin(row, claimedBy))
        .toSorted((left, right) => left.position - right.position);
    },
    claimNextParked: async (key, claimedBy) => {
      if (leaseOf(state, key)?.incarnation !== claimedBy) return null;
      const next = firstParked(state, key);
      return next === undefined ? null : begin(next, claimedBy);
    },
    selectForgottenRetries: async (subscriptionId, claimedBy, held) =>
      state.tables.retries
        .filter(
          (row) =>
            row.subscriptionId === subscriptionId &&
            row.claimedBy === claimedBy &&
            row.state === 'running' &&
            !held.includes(row.id),
        )
        .toSorted((a, b) => a.position - b.position || a.id - b.id)
        .map(claimedOf),
    selectNextDueMs: async (subscriptionId, claimedBy, of) => {
      const due = state.tables.retries.flatMap((row) =>
        row.subscriptionId === subscriptionId &&
        row.state === 'waiting' &&
        mayTake(row, claimedBy, of)
          ? [(row.dueMs ?? 0) - state.now()]
          : [],
      );
      return due.length === 0 ? null : Math.min(...due);
    },
  } satisfies Partial<BrokerStatements>;
}

function settlingStatements(state: MemoryState) {
  return {
    updateRetryWaiting: async (failed, { id, claimedBy: incarnation, attempt }, delayMs) => {
      const row = state.tables.retries.find((one) => one.id === id);
      if (row === undefined || !holds(state, { type: 'retry', id, incarnation, attempt }))
        return false;
      state.tables.attempts.push({ ...failed, atMs: state.now() });
      Object.assign(row, { state: 'waiting', dueMs: state.now() + delayMs, claimedBy: null });
      return true;
    },
    releaseRetries: async (ids, claimedBy) => {
      for (const row of state.tables.retries) {
        if (!ids.includes(row.id) || row.claimedBy !== claimedBy || row.state !== 'running')
          continue;
        row.attempt -= 1;
        Object.assign(row, { state: 'waiting', dueMs: state.now(), claimedBy: null });
      }
    },
    deleteRetryAndClaimNext: async (id, claimedBy) => {
      const { tables } = state;
      const gone = tables.retries.find((row) => row.id === id);
      if (gone === undefined || !holds(state, { type: 'retry', id, incarnation: claimedBy }))
        return null;
      tables.retries = tables.retries.filter((row) => row !== gone);
      const next = gone.kind === 'delivery' ? firstParked(state, gone) : undefined;
      return { next: next === undefined ? null : begin(next, claimedBy) };
    },
    deleteRetriesFrom: async (subscriptionId, starts) => {
      const { tables } = state;
      tables.retries = tables.retries.filter(
        (row) =>
          row.subscriptionId !== subscriptionId ||
          row.kind !== 'delivery' ||
          !starts.some((start) => isSamePlace(start, row) && row.offset >= start.offset),
      );
    },
  } satisfies Partial<BrokerStatements>;
}

function takeoverStatements(state: MemoryState) {
  const isOrphan = (
    row: RetryRow,
    owner: { readonly nodeId: string; readonly incarnation: string },
    taken: Places,
  ): boolean => {
    if (row.kind !== 'replay') {
      if (taken.some((one) => isSamePlace(one, row))) return true;
      const lease = leaseOf(state, row);
      if (lease !== undefined && lease.incarnation !== owner.incarnation) return false;
    } else {
      const operation = state.tables.operations.find((one) => one.id === row.operationId);
      const holder = operation?.claimedBy ?? owner.incarnation;
      if (holder !== owner.incarnation) return false;
      if (operation?.claimedBy === owner.incarnation) return true;
    }
    return !isAlive(
      state,
      (node) => node.incarnation === row.claimedBy && node.nodeId !== owner.nodeId,
    );
  };
  return {
    claimOrphanedRetries: async (subscriptionId, owner, { taken, limit }) => {
      const orphans = state.tables.retries
        .filter(
          (row) =>
            row.subscriptionId === subscriptionId &&
            row.state === 'running' &&
            row.claimedBy !== owner.incarnation &&
            isOrphan(row, owner, taken),
        )
        .slice(0, limit);
      for (const row of orphans) row.claimedBy = owner.incarnation;
      return orphans.map(claimedOf);
    },
    promoteHeadlessKeys: async (subscriptionId, taken) => {
      const ofTaken = state.tables.retries.filter(
        (row) =>
          row.subscriptionId === subscriptionId && taken.some((one) => isSamePlace(one, row)),
      );
      const keys = Map.groupBy(ofTaken, (row) => `${row.topicId}:${row.partition}:${row.key}`);
      for (const rows of keys.values()) {
        const hasFront = rows.some((row) => row.kind === 'delivery' && row.state !== 'parked');
        const [first] = rows
          .filter((row) => row.state === 'parked')
          .toSorted((a, b) => a.offset - b.offset);
        if (!hasFront && first !== undefined)
          Object.assign(first, { state: 'waiting', dueMs: state.now() });
      }
    },
  } satisfies Partial<BrokerStatements>;
}

function countingStatements(state: MemoryState) {
  const deliveriesOf = (subscriptionId: number) =>
    state.tables.retries.filter(
      (row) => row.subscriptionId === subscriptionId && row.kind === 'delivery',
    );
  return {
    selectSubscriptionsWithRetries: async () => [
      ...new Set(state.tables.retries.map((row) => row.subscriptionId)),
    ],
    selectRetryCounts: async () =>
      [...Map.groupBy(state.tables.retries, (row) => row.subscriptionId)].map(
        ([subscriptionId, rows]) => {
          const parked = parkedOf(rows);
          return { subscriptionId, retrying: rows.length - parked, parked };
        },
      ),
    selectRetryingKeys: async (subscriptionId) => {
      return [...Map.groupBy(deliveriesOf(subscriptionId), keyOf).values()].flatMap((rows) => {
        const [first] = rows;
        if (first === undefined) return [];
        const { topicId, partition, key } = first;
        return [{ topicId, partition, key, parked: parkedOf(rows) }];
      });
    },
    selectRetriedOffsets: async (subscriptionId) =>
      deliveriesOf(subscriptionId).flatMap((row) => {
        const lease = leaseOf(state, row);
        if (lease === undefined || row.offset < lease.committed) return [];
        return [{ topicId: row.topicId, partition: row.partition, offset: row.offset }];
      }),
    selectRetryingReplays: async (subscriptionId) =>
      state.tables.retries.flatMap(({ subscriptionId: id, kind, operationId, position }) =>
        id === subscriptionId && kind === 'replay' && operationId !== null
          ? [{ operationId, position }]
          : [],
      ),
  } satisfies Partial<BrokerStatements>;
}

const parkedOf = (rows: readonly RetryRow[]): number =>
  rows.filter((row) => row.state === 'parked').length;

const keyOf = (row: RetryRow): string => JSON.stringify([row.topicId, row.partition, row.key]);

type NewRetry = Omit<RetryRow, 'id'>;

/** A waiting row of a delivery with nothing known of it. */
function rowOf(target: {
  readonly subscriptionId: number;
  readonly topicId: number;
  readonly partition: number;
  readonly offset: number;
  readonly position: number;
  readonly key: string | null;
}): NewRetry {
  const { subscriptionId, topicId, partition, offset, position, key } = target;
  const none = { operationId: null, deadLetterId: null, data: null, dueMs: null, claimedBy: null };
  const place = { subscriptionId, topicId, partition, offset, position, key };
  return { ...place, ...none, kind: 'delivery', state: 'waiting', attempt: 0 };
}

/** Null when the event is there already, as the unique index says. */
function insert(state: MemoryState, row: NewRetry): RetryRow | null {
  if (known(state, row) !== undefined) return null;
  const inserted = { ...row, id: state.nextId() };
  state.tables.retries.push(inserted);
  return inserted;
}

const known = (state: MemoryState, row: NewRetry): RetryRow | undefined =>
  state.tables.retries.find(
    (one) =>
      one.subscriptionId === row.subscriptionId &&
      isSamePlace(one, row) &&
      one.offset === row.offset &&
      one.kind === row.kind &&
      one.operationId === row.operationId,
  );

function begin(row: RetryRow, claimedBy: string): ClaimedRetry {
  row.attempt += 1;
  row.claimedBy = claimedBy;
  row.state = 'running';
  return claimedOf(row);
}

function claimedOf(row: RetryRow): ClaimedRetry {
  const { state: _state, dueMs: _due, claimedBy: _by, ...claimed } = row;
  return claimed;
}

function firstParked(
  { tables }: MemoryState,
  key: {
    readonly subscriptionId: number;
    readonly topicId: number;
    readonly partition: number;
    readonly key: string | null;
  },
): RetryRow | undefined {
  if (key.key === null) return undefined;
  const [first] = tables.retries
    .filter(
      (row) =>
        row.subscriptionId === key.subscriptionId &&
        isSamePlace(row, key) &&
        row.key === key.key &&
        row.state === 'parked',
    )
    .toSorted((a, b) => a.offset - b.offset);
  return first;
}

const leaseOf = (
  { tables }: MemoryState,
  row: {
    readonly subscriptionId: number;
    readonly topicId: number;
    readonly partition: number;
  },
) =>
  tables.leases.find((one) => one.subscriptionId === row.subscriptionId && isSamePlace(one, row));
