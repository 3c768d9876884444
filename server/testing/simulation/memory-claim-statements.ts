import { type BrokerStatements } from '#server/engine/broker/broker-store.ts';
import { type ClaimRow } from '#server/storage/claim-rows.ts';
import { isAlive } from './memory-lease-statements.ts';
import { byPlace, type HeldClaimRow, isSamePlace, type MemoryState } from './memory-tables.ts';

/** Claims of queues; each does what the statement of the same name does. */
export function claimStatements(state: MemoryState) {
  return { ...takingStatements(state), ...movingStatements(state), ...lookingStatements(state) };
}

function takingStatements(state: MemoryState) {
  return {
    insertQueueCursors: async (subscriptionId, starts) => {
      for (const { topicId, partition, offset, position } of starts) {
        const isThere = state.tables.cursors.some(
          (row) =>
            row.subscriptionId === subscriptionId && isSamePlace(row, { topicId, partition }),
        );
        if (isThere) continue;
        const at = { next: offset, nextPosition: position };
        state.tables.cursors.push({ subscriptionId, topicId, partition, ...at });
      }
    },
    insertClaims: async (subscriptionId, owner, wishes) =>
      state.tables.cursors.toSorted(byPlace).flatMap((cursor) => {
        const wish = wishes.find((one) => isSamePlace(one, cursor));
        if (cursor.subscriptionId !== subscriptionId || wish === undefined) return [];
        if (cursor.next >= wish.head) return [];
        const { topicId, partition, next: from } = cursor;
        if (wish.known <= from) cursor.nextPosition = Math.max(cursor.nextPosition, wish.position);
        cursor.next = Math.min(from + wish.limit, wish.head);
        const range = { from, to: cursor.next, position: cursor.nextPosition };
        const held = { owner: owner.nodeId, incarnation: owner.incarnation, epoch: 1, done: [] };
        const place = { subscriptionId, topicId, partition };
        const claim: HeldClaimRow = { id: state.nextId(), ...place, ...range, ...held };
        state.tables.claims.push(claim);
        return [claimOf(claim, false)];
      }),
    rescueClaims: async (subscriptionId, owner, { held, limit }) => {
      const isFree = (row: HeldClaimRow): boolean =>
        row.incarnation === owner.incarnation ||
        !isAlive(state, (one) => one.nodeId === row.owner && one.incarnation === row.incarnation);
      return state.tables.claims
        .filter(
          (row) => row.subscriptionId === subscriptionId && !held.includes(row.id) && isFree(row),
        )
        .toSorted((a, b) => byPlace(a, b) || a.from - b.from)
        .slice(0, limit)
        .map((row) => {
          const isClean = row.owner === null || row.incarnation === owner.incarnation;
          row.owner = owner.nodeId;
          row.incarnation = owner.incarnation;
          row.epoch += 1;
          return claimOf(row, !isClean);
        });
    },
  } satisfies Partial<BrokerStatements>;
}

function movingStatements(state: MemoryState) {
  return {
    updateClaims: async (owner, progress) =>
      progress.flatMap(({ id, epoch, from, done, complete }) => {
        const { tables } = state;
        const row = tables.claims.find(
          (one) => one.id === id && one.epoch === epoch && one.incarnation === owner.incarnation,
        );
        if (row === undefined) return [];
        if (complete) tables.claims = tables.claims.filter((one) => one !== row);
        row.from = from;
        row.done = done;
        return [id];
      }),
    releaseClaims: async (subscriptionId, owner, ids) => {
      for (const row of state.tables.claims) {
        if (row.subscriptionId !== subscriptionId) continue;
        if (row.incarnation !== owner.incarnation) continue;
        if (ids === null || ids.includes(row.id))
          Object.assign(row, { owner: null, incarnation: null });
      }
    },
    purgeQueue: async (subscriptionId, starts) => {
      const { tables } = state;
      for (const row of tables.cursors) {
        const start = starts.find((one) => isSamePlace(one, row));
        if (row.subscriptionId !== subscriptionId || start === undefined) continue;
        row.next = Math.max(row.next, start.offset);
        row.nextPosition = Math.max(row.nextPosition, start.position);
      }
      tables.claims = tables.claims.filter((row) => row.subscriptionId !== subscriptionId);
    },
  } satisfies Partial<BrokerStatements>;
}

function lookingStatements(state: MemoryState) {
  return {
    selectRetriedOfClaims: async (ids) =>
      state.tables.claims
        .filter((claim) => ids.includes(claim.id))
        .flatMap((claim) =>
          state.tables.retries
            .filter(
              (row) =>
                row.subscriptionId === claim.subscriptionId &&
                isSamePlace(row, claim) &&
                row.kind === 'delivery' &&
                row.offset >= claim.from &&
                row.offset < claim.to,
            )
            .map((row) => ({ id: claim.id, offset: row.offset })),
        ),
    selectQueueMarks: async (subscriptionId, held) =>
      state.tables.cursors
        .filter((cursor) => cursor.subscriptionId === subscriptionId)
        .toSorted(byPlace)
        .map(({ topicId, partition, next }) => {
          const others = state.tables.claims
            .filter(
              (claim) =>
                claim.subscriptionId === subscriptionId &&
                isSamePlace(claim, { topicId, partition }) &&
                !held.includes(claim.id),
            )
            .map((claim) => claim.from);
          const othersFrom = others.length === 0 ? null : Math.min(...others);
          return { topicId, partition, next, othersFrom };
        }),
  } satisfies Partial<BrokerStatements>;
}

const claimOf = (row: HeldClaimRow, suspect: boolean): ClaimRow => ({
  id: row.id,
  topicId: row.topicId,
  partition: row.partition,
  from: row.from,
  to: row.to,
  position: row.position,
  epoch: row.epoch,
  done: row.done,
  suspect,
});
