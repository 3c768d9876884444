import { insertAttempt, selectAttempts } from '#server/storage/attempt-rows.ts';
import {
  insertClaims,
  insertQueueCursors,
  purgeQueue,
  releaseClaims,
  rescueClaims,
  selectQueueMarks,
  selectQueuesThrough,
  selectRetriedOfClaims,
  updateClaims,
} from '#server/storage/claim-rows.ts';
import {
  deleteOldConsumerSamples,
  insertConsumerSamples,
  rollUpConsumerSamples,
  selectConsumerSamples,
} from '#server/storage/consumer-sample-rows.ts';
import { type Database, type Db, withTransaction } from '#server/storage/database.ts';
import {
  selectDeadLetter,
  selectDeadLetters,
  selectGroups,
  selectGroupTrend,
  selectLetterEvents,
  selectLettersOfPosition,
  selectUnsettledLetterCounts,
  updateGroup,
  updateGroupLetters,
  updateLetterData,
  updateLetterDiscarded,
  updateLetterResolved,
  updateLettersRetrying,
  upsertDeadLetter,
  upsertDeadLetterGroup,
} from '#server/storage/dead-letter-rows.ts';
import { lockFence } from '#server/storage/fence-rows.ts';
import { selectHeads } from '#server/storage/log-rows.ts';
import { selectLowMarks } from '#server/storage/low-mark-rows.ts';
import {
  beatNode,
  deleteForgottenNodes,
  deleteNode,
  reviveNode,
  upsertNode,
} from '#server/storage/node-rows.ts';
import { selectEventsAtOffsets } from '#server/storage/offset-probe-rows.ts';
import { insertOutbox } from '#server/storage/outbox-rows.ts';
import {
  acquirePartitions,
  countPartitionsElsewhere,
  deletePartitionsOfTopics,
  insertPartitions,
  markOutOfRange,
  releaseForgottenPartitions,
  releasePartition,
  releasePartitions,
  resetPartitions,
  selectPartitions,
  updateCommitted,
} from '#server/storage/partition-rows.ts';

import {
  deleteOldProcessed,
  deleteProcessedFrom,
  insertProcessed,
} from '#server/storage/processed-rows.ts';
import {
  claimDueRetries,
  releaseRetries,
  selectForgottenRetries,
  selectNextDueMs,
  selectSubscriptionsWithRetries,
} from '#server/storage/retry-due-rows.ts';
import {
  claimNextParked,
  deleteRetriesFrom,
  deleteRetryAndClaimNext,
  insertParkedRetries,
  insertRedriveRetries,
  insertRunningRetry,
  insertWaitingRetry,
  selectRetriesOfPosition,
  selectRetryCounts,
  updateRetryWaiting,
} from '#server/storage/retry-rows.ts';
import {
  claimOrphanedRetries,
  promoteHeadlessKeys,
  selectRetriedOffsets,
  selectRetryingKeys,
  selectRetryingReplays,
} from '#server/storage/retry-takeover-rows.ts';
import {
  deleteSubscription,
  insertSubscription,
  lockSubscription,
  selectSubscription,
  selectSubscriptionRevisions,
  selectSubscriptions,
  updateSubscription,
  updateSubscriptionBreaker,
  updateSubscriptionHold,
  updateSubscriptionState,
} from '#server/storage/subscription-rows.ts';
import { type HandlerTransaction } from './consumer-definition.ts';

/**
 * Everything the broker asks of its database, one statement each: what a function promises is written at the row function of the same
 * name. Derived from the Postgres implementation, so that a statement is added in one place.
 */
export type BrokerStatements = ReturnType<typeof statementsOn>;

export type BrokerStore = BrokerStatements & {
  /**
   * All statements of `work` are stored when it resolves, and none when it rejects. Others see none of them before the end. It rejects
   * when `work` asks nothing for `idleMs`.
   */
  transaction<Result>(
    work: (tx: BrokerStatements) => Promise<Result>,
    idleMs?: number,
  ): Promise<Result>;
};

export function createBrokerStore({
  pool,
  writers,
}: Pick<Database, 'pool' | 'writers'>): BrokerStore {
  return {
    ...statementsOn(pool),
    // A heartbeat must not wait for connections that handlers and readers may have taken up altogether.
    ...nodeStatements(writers),
    transaction: (work, idleMs) => withTransaction(pool, (tx) => work(statementsOn(tx)), idleMs),
  };
}

/** The statements on a pool, or inside the transaction of `db`. */
export const statementsOn = (db: Db) => ({
  ...nodeStatements(db),
  ...leaseStatements(db),
  ...claimStatements(db),
  ...retryStatements(db),
  ...letterStatements(db),
  ...subscriptionStatements(db),
  // Of the log, what is asked by offset.
  selectHeads: bind(db, selectHeads),
  selectEventsAtOffsets: bind(db, selectEventsAtOffsets),
  selectLowMarks: bind(db, selectLowMarks),
  /** SQL of handlers. */
  handlerSql: handlerSql(db),
});

/** Who is there. */
const nodeStatements = (db: Db) => ({
  upsertNode: bind(db, upsertNode),
  reviveNode: bind(db, reviveNode),
  beatNode: bind(db, beatNode),
  deleteNode: bind(db, deleteNode),
  deleteForgottenNodes: bind(db, deleteForgottenNodes),
});

/** The leases of partitions. */
const leaseStatements = (db: Db) => ({
  insertPartitions: bind(db, insertPartitions),
  deletePartitionsOfTopics: bind(db, deletePartitionsOfTopics),
  acquirePartitions: bind(db, acquirePartitions),
  releasePartition: bind(db, releasePartition),
  releasePartitions: bind(db, releasePartitions),
  releaseForgottenPartitions: bind(db, releaseForgottenPartitions),
  updateCommitted: bind(db, updateCommitted),
  resetPartitions: bind(db, resetPartitions),
  selectPartitions: bind(db, selectPartitions),
  countPartitionsElsewhere: bind(db, countPartitionsElsewhere),
  markOutOfRange: bind(db, markOutOfRange),
  lockFence: bind(db, lockFence),
});

/** Claims of queues. */
const claimStatements = (db: Db) => ({
  insertQueueCursors: bind(db, insertQueueCursors),
  insertClaims: bind(db, insertClaims),
  rescueClaims: bind(db, rescueClaims),
  updateClaims: bind(db, updateClaims),
  releaseClaims: bind(db, releaseClaims),
  purgeQueue: bind(db, purgeQueue),
  selectRetriedOfClaims: bind(db, selectRetriedOfClaims),
  selectQueueMarks: bind(db, selectQueueMarks),
  selectQueuesThrough: bind(db, selectQueuesThrough),
});

/** Retries and what is parked behind them. */
const retryStatements = (db: Db) => ({
  insertWaitingRetry: bind(db, insertWaitingRetry),
  insertRunningRetry: bind(db, insertRunningRetry),
  insertParkedRetries: bind(db, insertParkedRetries),
  insertRedriveRetries: bind(db, insertRedriveRetries),
  updateRetryWaiting: bind(db, updateRetryWaiting),
  claimDueRetries: bind(db, claimDueRetries),
  claimNextParked: bind(db, claimNextParked),
  claimOrphanedRetries: bind(db, claimOrphanedRetries),
  releaseRetries: bind(db, releaseRetries),
  promoteHeadlessKeys: bind(db, promoteHeadlessKeys),
  deleteRetryAndClaimNext: bind(db, deleteRetryAndClaimNext),
  deleteRetriesFrom: bind(db, deleteRetriesFrom),
  selectNextDueMs: bind(db, selectNextDueMs),
  selectSubscriptionsWithRetries: bind(db, selectSubscriptionsWithRetries),
  selectForgottenRetries: bind(db, selectForgottenRetries),
  selectRetryCounts: bind(db, selectRetryCounts),
  selectRetryingKeys: bind(db, selectRetryingKeys),
  selectRetriedOffsets: bind(db, selectRetriedOffsets),
  selectRetryingReplays: bind(db, selectRetryingReplays),
  selectRetriesOfPosition: bind(db, selectRetriesOfPosition),
});

/** Attempts, letters and marks of what was handled once. */
const letterStatements = (db: Db) => ({
  insertAttempt: bind(db, insertAttempt),
  selectAttempts: bind(db, selectAttempts),
  upsertDeadLetter: bind(db, upsertDeadLetter),
  upsertDeadLetterGroup: bind(db, upsertDeadLetterGroup),
  updateLetterData: bind(db, updateLetterData),
  updateLetterDiscarded: bind(db, updateLetterDiscarded),
  updateLetterResolved: bind(db, updateLetterResolved),
  updateLettersRetrying: bind(db, updateLettersRetrying),
  updateGroup: bind(db, updateGroup),
  updateGroupLetters: bind(db, updateGroupLetters),
  selectDeadLetter: bind(db, selectDeadLetter),
  selectDeadLetters: bind(db, selectDeadLetters),
  selectGroups: bind(db, selectGroups),
  selectGroupTrend: bind(db, selectGroupTrend),
  selectLetterEvents: bind(db, selectLetterEvents),
  selectLettersOfPosition: bind(db, selectLettersOfPosition),
  selectUnsettledLetterCounts: bind(db, selectUnsettledLetterCounts),
  insertProcessed: bind(db, insertProcessed),
  deleteProcessedFrom: bind(db, deleteProcessedFrom),
  deleteOldProcessed: bind(db, deleteOldProcessed),
});

/** Subscriptions, their samples, and the facts told of them. */
const subscriptionStatements = (db: Db) => ({
  insertSubscription: bind(db, insertSubscription),
  updateSubscription: bind(db, updateSubscription),
  updateSubscriptionState: bind(db, updateSubscriptionState),
  updateSubscriptionBreaker: bind(db, updateSubscriptionBreaker),
  deleteSubscription: bind(db, deleteSubscription),
  lockSubscription: bind(db, lockSubscription),
  updateSubscriptionHold: bind(db, updateSubscriptionHold),
  selectSubscription: bind(db, selectSubscription),
  selectSubscriptionRevisions: bind(db, selectSubscriptionRevisions),
  selectSubscriptions: bind(db, selectSubscriptions),
  insertConsumerSamples: bind(db, insertConsumerSamples),
  rollUpConsumerSamples: bind(db, rollUpConsumerSamples),
  deleteOldConsumerSamples: bind(db, deleteOldConsumerSamples),
  selectConsumerSamples: bind(db, selectConsumerSamples),
  insertOutbox: bind(db, insertOutbox),
});

function bind<Args extends readonly unknown[], Result>(
  db: Db,
  statement: (db: Db, ...args: Args) => Result,
): (...args: Args) => Result {
  return (...args) => statement(db, ...args);
}

function handlerSql(db: Db): HandlerTransaction {
  return {
    query: async (sql, params = []) => {
      const result = await db.query<Record<string, unknown>>(sql, [...params]);
      return { rows: result.rows, rowCount: result.rowCount ?? 0 };
    },
  };
}
