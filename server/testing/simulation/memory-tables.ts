import { type LetterStatus } from '#contracts/dead-letter.ts';
import { type NewAttempt } from '#server/storage/attempt-rows.ts';
import { type NewDeadLetter } from '#server/storage/dead-letter-rows.ts';
import { type OutboxRow } from '#server/storage/outbox-rows.ts';
import { type RetryKind, type RetryTarget } from '#server/storage/retry-rows.ts';
import { type SubscriptionRow } from '#server/storage/subscription-rows.ts';

type Place = { subscriptionId: number; topicId: number; partition: number };
type Range = { readonly from: number; readonly to: number };

export type NodeRow = {
  nodeId: string;
  incarnation: string;
  heartbeatMs: number;
  serves: readonly number[];
  leaving: boolean;
};
export type LeaseRow = Place & {
  committed: number;
  committedPosition: number;
  owner: string | null;
  incarnation: string | null;
  epoch: number;
  suspectUntil: number;
  doneAhead: readonly Range[];
};
export type CursorRow = Place & { next: number; nextPosition: number };
export type HeldClaimRow = Place & {
  id: number;
  from: number;
  to: number;
  position: number;
  owner: string | null;
  incarnation: string | null;
  epoch: number;
  done: readonly Range[];
};
export type RetryRow = RetryTarget & {
  readonly id: number;
  readonly kind: RetryKind;
  readonly operationId: string | null;
  readonly deadLetterId: string | null;
  readonly data: string | null;
  state: 'waiting' | 'running' | 'parked';
  attempt: number;
  dueMs: number | null;
  claimedBy: string | null;
};
export type LetterRow = Omit<
  NewDeadLetter,
  'fingerprint' | 'errorClass' | 'errorMessage' | 'attemptCount' | 'operationId'
> & {
  fingerprint: string;
  errorClass: string;
  errorMessage: string;
  attemptCount: number;
  operationId: string | null;
  status: LetterStatus;
  reason: string | null;
  editedData: string | null;
  deadMs: number;
  resolvedMs: number | null;
};
export type OperationClaimRow = { readonly id: string; claimedBy: string | null };
export type ProcessedRow = { readonly subscriptionId: number; readonly position: number };

/** What the broker keeps, as rows. Rows are changed in place by the statements alone. */
export type Tables = {
  nodes: NodeRow[];
  leases: LeaseRow[];
  cursors: CursorRow[];
  claims: HeldClaimRow[];
  retries: RetryRow[];
  attempts: (NewAttempt & { readonly atMs: number })[];
  letters: LetterRow[];
  processed: ProcessedRow[];
  subscriptions: SubscriptionRow[];
  holds: { readonly subscriptionId: number; readonly untilMs: number }[];
  operations: OperationClaimRow[];
  outbox: OutboxRow[];
};

export const emptyTables = (): Tables => ({
  nodes: [],
  leases: [],
  cursors: [],
  claims: [],
  retries: [],
  attempts: [],
  letters: [],
  processed: [],
  subscriptions: [],
  holds: [],
  operations: [],
  outbox: [],
});

/** Rows of their own, so that a transaction can be taken back. Rows that are never changed are shared. */
export const copyOf = (tables: Tables): Tables => ({
  nodes: tables.nodes.map((row) => ({ ...row })),
  leases: tables.leases.map((row) => ({ ...row })),
  cursors: tables.cursors.map((row) => ({ ...row })),
  claims: tables.claims.map((row) => ({ ...row })),
  retries: tables.retries.map((row) => ({ ...row })),
  attempts: [...tables.attempts],
  letters: tables.letters.map((row) => ({ ...row })),
  processed: [...tables.processed],
  subscriptions: [...tables.subscriptions],
  holds: [...tables.holds],
  operations: tables.operations.map((row) => ({ ...row })),
  outbox: [...tables.outbox],
});

/** What statements work on. `tables` is replaced as a whole when a transaction is taken back. */
export type MemoryState = {
  tables: Tables;
  /** The clock of the database. */
  readonly now: () => number;
  readonly nextId: () => number;
};

/** Nobody may take partitions of it now. */
export const isHeld = ({ tables, now }: MemoryState, subscriptionId: number): boolean =>
  tables.holds.some((hold) => hold.subscriptionId === subscriptionId && hold.untilMs > now());

export const isSamePlace = (
  left: { readonly topicId: number; readonly partition: number },
  right: { readonly topicId: number; readonly partition: number },
): boolean => left.topicId === right.topicId && left.partition === right.partition;

export const byPlace = (left: Place, right: Place): number =>
  left.topicId - right.topicId || left.partition - right.partition;
