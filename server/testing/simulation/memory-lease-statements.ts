import { type BrokerStatements } from '#server/engine/broker/broker-store.ts';
import { type Fence } from '#server/storage/fence-rows.ts';
import { LEASE_TTL_MS } from '#server/storage/node-rows.ts';
import { byPlace, isHeld, isSamePlace, type LeaseRow, type MemoryState } from './memory-tables.ts';

/** Nodes and the leases of partitions; each does what the statement of the same name does. */
export function leaseStatements(state: MemoryState) {
  return {
    ...nodeStatements(state),
    ...partitionStatements(state),
    ...releasingStatements(state),
    ...offsetStatements(state),
  };
}

/** Whether the process was heard of within the time a lease lasts. */
export function isAlive(
  state: MemoryState,
  is: (node: { readonly nodeId: string; readonly incarnation: string }) => boolean,
): boolean {
  const since = state.now() - LEASE_TTL_MS;
  return state.tables.nodes.some((node) => is(node) && node.heartbeatMs > since);
}

/** Whether the fence holds now; a transaction of this store runs alone, so nothing has to be locked. */
export function holds({ tables }: MemoryState, fence: Fence): boolean {
  switch (fence.type) {
    case 'partition':
      return tables.leases.some(
        (row) =>
          row.subscriptionId === fence.subscriptionId &&
          isSamePlace(row, fence) &&
          row.owner === fence.owner.nodeId &&
          row.incarnation === fence.owner.incarnation &&
          row.epoch === fence.epoch,
      );
    case 'claim':
      return tables.claims.some(
        (row) =>
          row.id === fence.id && row.incarnation === fence.incarnation && row.epoch === fence.epoch,
      );
    case 'retry': {
      const retry = tables.retries.find((row) => row.id === fence.id);
      if (retry?.claimedBy !== fence.incarnation || retry.state !== 'running') return false;
      if (fence.attempt !== undefined && retry.attempt !== fence.attempt) return false;
      const lease = tables.leases.find(
        (row) => row.subscriptionId === retry.subscriptionId && isSamePlace(row, retry),
      );
      return (
        retry.kind === 'replay' || lease === undefined || lease.incarnation === fence.incarnation
      );
    }
    case 'operation': {
      const operation = tables.operations.find((row) => row.id === fence.id);
      return (
        operation === undefined || (operation.claimedBy ?? fence.incarnation) === fence.incarnation
      );
    }
    default:
      return fence satisfies never;
  }
}

function nodeStatements(state: MemoryState) {
  const nodeOf = (nodeId: string) => state.tables.nodes.find((node) => node.nodeId === nodeId);
  const put = (nodeId: string, incarnation: string): void => {
    const row = { nodeId, incarnation, heartbeatMs: state.now(), serves: [], leaving: false };
    state.tables.nodes = [...state.tables.nodes.filter((node) => node.nodeId !== nodeId), row];
  };
  return {
    upsertNode: async ({ nodeId, incarnation }) => put(nodeId, incarnation),
    reviveNode: async (before, incarnation) => {
      const node = nodeOf(before.nodeId);
      if (node === undefined) put(before.nodeId, incarnation);
      else if (node.incarnation === before.incarnation)
        Object.assign(node, { incarnation, heartbeatMs: state.now() });
      else return node.incarnation === incarnation;
      return true;
    },
    beatNode: async ({ nodeId, incarnation }, { serves, leaving }) => {
      const since = state.now() - LEASE_TTL_MS;
      const node = nodeOf(nodeId);
      const isHeard = node !== undefined && node.heartbeatMs > since;
      const isReplaced = node !== undefined && node.incarnation !== incarnation;
      if (isHeard && !isReplaced)
        Object.assign(node, { heartbeatMs: state.now(), serves, leaving });
      const others = state.tables.nodes
        .filter((one) => one.nodeId !== nodeId && !one.leaving && one.heartbeatMs > since)
        .map((one) => ({
          nodeId: one.nodeId,
          serves: [...one.serves],
          expiresInMs: one.heartbeatMs - since,
        }));
      const known = isHeard ? 'alive' : 'lapsed';
      return { state: isReplaced ? 'replaced' : known, others };
    },
    deleteNode: async ({ nodeId, incarnation }) => {
      const { tables } = state;
      tables.nodes = tables.nodes.filter(
        (node) => node.nodeId !== nodeId || node.incarnation !== incarnation,
      );
    },
    deleteForgottenNodes: async () => undefined,
    lockFence: async (fence) => holds(state, fence),
  } satisfies Partial<BrokerStatements>;
}

function partitionStatements(state: MemoryState) {
  const isFree = (row: LeaseRow, nodeId: string): boolean =>
    row.owner === null ||
    row.owner === nodeId ||
    !isAlive(state, (node) => node.nodeId === row.owner && node.incarnation === row.incarnation);
  return {
    insertPartitions: async (subscriptionId, starts) => {
      for (const { topicId, partition, offset, position } of starts) {
        const place = { subscriptionId, topicId, partition };
        if (leaseAt(state, place) !== undefined) continue;
        const none = { owner: null, incarnation: null, epoch: 0, suspectUntil: 0, doneAhead: [] };
        const at = { committed: offset, committedPosition: position };
        state.tables.leases.push({ ...place, ...at, ...none });
      }
    },
    deletePartitionsOfTopics: async (subscriptionId, topicIds) => {
      const { tables } = state;
      const stays = (row: { subscriptionId: number; topicId: number }) =>
        row.subscriptionId !== subscriptionId || !topicIds.includes(row.topicId);
      tables.leases = tables.leases.filter(stays);
      tables.cursors = tables.cursors.filter(stays);
    },
    acquirePartitions: async (subscriptionId, owner, { maxInFlight, wanted }) => {
      const isMe = (node: { nodeId: string; incarnation: string }): boolean =>
        node.nodeId === owner.nodeId && node.incarnation === owner.incarnation;
      if (!isAlive(state, isMe) || isHeld(state, subscriptionId)) return [];
      const taken = state.tables.leases
        .filter(
          (row) =>
            row.subscriptionId === subscriptionId &&
            isFree(row, owner.nodeId) &&
            wanted.some((one) => isSamePlace(one, row)),
        )
        .toSorted(byPlace);
      return taken.map((row) => {
        const isClean = row.owner === null || row.incarnation === owner.incarnation;
        if (!isClean) row.suspectUntil = Math.max(row.suspectUntil, row.committed + maxInFlight);
        row.owner = owner.nodeId;
        row.incarnation = owner.incarnation;
        row.epoch += 1;
        const { topicId, partition, committed, committedPosition, epoch } = row;
        const { suspectUntil, doneAhead } = row;
        const at = { topicId, partition, committed, committedPosition };
        return { ...at, epoch, suspectUntil, doneAhead };
      });
    },
    countPartitionsElsewhere: async (subscriptionId, owner) =>
      state.tables.leases.filter(
        (row) =>
          row.subscriptionId === subscriptionId &&
          row.incarnation !== null &&
          row.incarnation !== owner.incarnation &&
          isAlive(
            state,
            (node) => node.nodeId === row.owner && node.incarnation === row.incarnation,
          ),
      ).length,
  } satisfies Partial<BrokerStatements>;
}

function releasingStatements(state: MemoryState) {
  return {
    releasePartition: async (subscriptionId, owner, { topicId, partition, epoch }) => {
      const row = leaseAt(state, { subscriptionId, topicId, partition });
      const isMine = row?.owner === owner.nodeId && row.incarnation === owner.incarnation;
      if (row !== undefined && isMine && row.epoch === epoch)
        Object.assign(row, { owner: null, incarnation: null, suspectUntil: 0 });
    },
    releaseForgottenPartitions: async (subscriptionId, owner, held) => {
      for (const row of state.tables.leases) {
        const isMine = row.owner === owner.nodeId && row.incarnation === owner.incarnation;
        if (row.subscriptionId !== subscriptionId || !isMine) continue;
        if (!held.some((one) => isSamePlace(one, row)))
          Object.assign(row, { owner: null, incarnation: null });
      }
    },
    releasePartitions: async (subscriptionId, owner) => {
      for (const row of state.tables.leases) {
        const isMine = row.owner === owner.nodeId && row.incarnation === owner.incarnation;
        if (row.subscriptionId !== subscriptionId || !isMine) continue;
        Object.assign(row, { owner: null, incarnation: null, suspectUntil: 0 });
      }
    },
  } satisfies Partial<BrokerStatements>;
}

function offsetStatements(state: MemoryState) {
  return {
    updateCommitted: async (subscriptionId, owner, commits) =>
      commits.flatMap(({ topicId, partition, epoch, committed, position, doneAhead }) => {
        const fence = {
          type: 'partition',
          subscriptionId,
          topicId,
          partition,
          owner,
          epoch,
        } as const;
        const row = leaseAt(state, { subscriptionId, topicId, partition });
        if (row === undefined || !holds(state, fence) || row.committed > committed) return [];
        row.committed = committed;
        row.committedPosition = position;
        row.doneAhead = (doneAhead ?? row.doneAhead)
          .map(({ from, to }) => ({ from: Math.max(from, committed), to }))
          .filter(({ from, to }) => from < to);
        return [{ topicId, partition }];
      }),
    resetPartitions: async (subscriptionId, starts) => {
      for (const { topicId, partition, offset, position } of starts) {
        const row = leaseAt(state, { subscriptionId, topicId, partition });
        if (row === undefined) continue;
        const none = { owner: null, incarnation: null, suspectUntil: 0, doneAhead: [] };
        const at = { committed: offset, committedPosition: position, epoch: row.epoch + 1 };
        Object.assign(row, none, at);
      }
    },
    selectPartitions: async (subscriptionId) => {
      const isWanted = (row: { subscriptionId: number }) =>
        subscriptionId === null || row.subscriptionId === subscriptionId;
      const { leases, cursors, claims } = state.tables;
      const queues = cursors.map((cursor) => {
        const open = claims.filter(
          (claim) => claim.subscriptionId === cursor.subscriptionId && isSamePlace(claim, cursor),
        );
        return {
          ...cursor,
          committed: open.length === 0 ? cursor.next : Math.min(...open.map((one) => one.from)),
          committedPosition:
            open.length === 0 ? cursor.nextPosition : Math.min(...open.map((one) => one.position)),
          owner: null,
        };
      });
      return [...leases, ...queues]
        .filter(isWanted)
        .toSorted((a, b) => a.subscriptionId - b.subscriptionId || byPlace(a, b))
        .map((row) => ({
          subscriptionId: row.subscriptionId,
          topicId: row.topicId,
          partition: row.partition,
          committed: row.committed,
          committedPosition: row.committedPosition,
          owner: row.owner,
          problem: null,
        }));
    },
  } satisfies Partial<BrokerStatements>;
}

function leaseAt(
  { tables }: MemoryState,
  place: { subscriptionId: number; topicId: number; partition: number },
): LeaseRow | undefined {
  return tables.leases.find(
    (row) => row.subscriptionId === place.subscriptionId && isSamePlace(row, place),
  );
}
