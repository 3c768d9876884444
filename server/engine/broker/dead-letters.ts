import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Attempt, type DeadLetter, type DeadLetterGroup } from '#contracts/dead-letter.ts';
import { storedEventSchema } from '#contracts/event.ts';
import { type AttemptRow } from '#server/storage/attempt-rows.ts';
import { type DeadLetterRow } from '#server/storage/dead-letter-rows.ts';

import { type Clock } from '../clock.ts';
import { type DeadLetters } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { decodeCursor, encodeCursor } from '../log/page-cursor.ts';
import { type SystemEvent, systemRow } from '../system/system-events.ts';
import { type BrokerStatements, type BrokerStore } from './broker-store.ts';

const TREND_BUCKETS = 24;
const TREND_BUCKET_MS = 3_600_000;
const uuidSchema = z.uuid();

type ReadingFace = Pick<DeadLetters, 'list' | 'get' | 'groups'>;

type DeadLettersDependencies = {
  readonly store: BrokerStore;
  readonly clock: Clock;
  readonly wakeOutbox: () => void;
  /** The letter's subscription has a retry that is due. */
  readonly wake: (subscription: string) => void;
};

/** The letters: events whose attempts are used up, with everything a person needs to decide about them. */
export function createDeadLetters(deps: DeadLettersDependencies): DeadLetters {
  return { ...readingFace(deps), ...decidingFace(deps) };
}

function readingFace({ store }: DeadLettersDependencies): ReadingFace {
  return {
    list: async ({ limit, cursor, ...filter }) => {
      const below = cursor === undefined ? null : keyOf(decodeCursor(filter, z.string(), cursor));
      const rows = await store.selectDeadLetters(filter, { limit: limit + 1, below });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const positions = page.map((row) => row.position);
      const attempts = positions.length === 0 ? [] : await store.selectAttempts(positions, null);
      const byLetter = Map.groupBy(attempts, (one) => `${one.subscriptionId}:${one.position}`);
      return {
        items: page.map(({ exactDeadAt: _exact, ...row }) =>
          toDeadLetter(row, byLetter.get(`${row.subscriptionId}:${row.position}`) ?? []),
        ),
        nextCursor:
          rows.length > limit && last !== undefined
            ? encodeCursor(filter, `${last.exactDeadAt}|${last.id}`)
            : null,
      };
    },
    get: (id) => readLetter(store, id),
    groups: () => readGroups(store, null),
  };
}

/** What a person decides; each decision, what follows from it and its `$system` event are one transaction. */
function decidingFace(deps: DeadLettersDependencies): Omit<DeadLetters, keyof ReadingFace> {
  const { store } = deps;
  const decide = async (
    event: SystemEvent,
    work: (tx: BrokerStatements) => Promise<void>,
  ): Promise<void> => {
    await store.transaction(async (tx) => {
      await work(tx);
      await tx.insertOutbox([systemRow(event, deps.clock.now())]);
    });
    deps.wakeOutbox();
  };
  return {
    retry: async (id, data, actor) => {
      const row = await requireRow(store, id);
      const facts = { subscription: row.subscription, edited: data !== undefined, actor };
      await decide({ type: 'weir.letter.retried', subject: id, data: facts }, async (tx) => {
        const [taken] = await tx.updateLettersRetrying([id], null);
        if (taken === undefined) throw wrongState(row);
        // Once edited, a letter keeps its edit for later retries until another is given.
        if (data !== undefined) await tx.updateLetterData(id, JSON.stringify(data));
        await tx.insertRedriveRetries([id], null);
      });
      deps.wake(row.subscription);
      return readLetter(store, id);
    },
    discard: async (id, reason, actor) => {
      const row = await requireRow(store, id);
      const facts = { subscription: row.subscription, reason, actor };
      await decide({ type: 'weir.letter.discarded', subject: id, data: facts }, async (tx) => {
        if (!(await tx.updateLetterDiscarded(id, reason))) throw wrongState(row);
      });
      return readLetter(store, id);
    },
    patchGroup: async (fingerprint, { status, note }, actor) => {
      const facts = { status: status ?? null, note: note ?? null, actor };
      const event = {
        type: 'weir.letter-group.changed',
        subject: fingerprint,
        data: facts,
      } as const;
      await decide(event, async (tx) => {
        if (!(await tx.updateGroup(fingerprint, { status: status ?? null, note })))
          throw unknownGroup(fingerprint);
        // `resolved` is said of the cause: a letter is resolved only by its handler, and can still be retried.
        if (status !== undefined && status !== 'resolved') {
          await tx.updateGroupLetters(fingerprint, status);
        }
      });
      const [group] = await readGroups(store, fingerprint);
      if (group === undefined) throw unknownGroup(fingerprint);
      return group;
    },
  };
}

async function requireRow(store: BrokerStore, id: string): Promise<DeadLetterRow> {
  const row = uuidSchema.safeParse(id).success ? await store.selectDeadLetter(id) : null;
  if (row === null) throw new EngineError('unknown-dead-letter', `There is no letter ${id}.`);
  return row;
}

async function readLetter(store: BrokerStore, id: string): Promise<DeadLetter> {
  const row = await requireRow(store, id);
  const attempts = await store.selectAttempts([row.position], row.subscriptionId);
  return toDeadLetter(row, attempts);
}

async function readGroups(
  store: BrokerStore,
  fingerprint: string | null,
): Promise<DeadLetterGroup[]> {
  const [rows, trend] = await Promise.all([
    store.selectGroups(fingerprint),
    store.selectGroupTrend({ bucketMs: TREND_BUCKET_MS, buckets: TREND_BUCKETS }),
  ]);
  const trends = Map.groupBy(trend, (bucket) => bucket.fingerprint);
  return rows.map((row) => {
    const counts = Array.from({ length: TREND_BUCKETS }, () => 0);
    for (const { bucket, count } of trends.get(row.fingerprint) ?? []) {
      if (bucket >= 0 && bucket < TREND_BUCKETS) counts[bucket] = count;
    }
    return { ...row, trend: counts, trendBucketMs: TREND_BUCKET_MS };
  });
}

const unknownGroup = (fingerprint: string) =>
  new EngineError('not-found', `There is no group of letters ${fingerprint}.`);

function toDeadLetter(row: DeadLetterRow, attempts: readonly AttemptRow[]): DeadLetter {
  const { subscriptionId: _id, position: _position, event, editedData, ...shown } = row;
  return {
    ...shown,
    attempts: attempts.map(toAttempt),
    event: storedEventSchema.parse(JSON.parse(event)),
    ...(editedData === null ? {} : { editedData: JSON.parse(editedData) as unknown }),
  };
}

const toAttempt = (row: AttemptRow): Attempt => ({
  attempt: row.attempt,
  at: row.at,
  error: { class: row.errorClass, message: row.errorMessage, stack: row.stack },
  durationMs: row.durationMs,
  handlerVersion: row.handlerVersion,
  operationId: row.operationId,
});

const wrongState = (row: DeadLetterRow) =>
  new EngineError('wrong-state', `The letter is ${row.status} and cannot be changed now.`, {
    state: row.status,
  });

function keyOf(key: string): { at: string; id: string } {
  const [at = '', id = ''] = key.split('|');
  return { at, id: id || randomUUID() };
}
