import { type BrokerStatements, type BrokerStore } from '#server/engine/broker/broker-store.ts';
import { claimStatements } from './memory-claim-statements.ts';
import { leaseStatements } from './memory-lease-statements.ts';
import { letterStatements } from './memory-letter-statements.ts';
import { type MemoryLog } from './memory-log.ts';
import { retryStatements } from './memory-retry-statements.ts';
import { subscriptionStatements } from './memory-subscription-statements.ts';
import { copyOf, emptyTables, type MemoryState, type Tables } from './memory-tables.ts';

/** What the store shows to whoever checks it. */
export type MemoryBrokerStore = {
  readonly store: BrokerStore;
  /** As they are now; a transaction that is open is seen. */
  tables(): Tables;
};

/**
 * The broker's store without a database. Promises what the Postgres one does, as far as broker-store-contract.db.test.ts asks: a statement is one
 * step; a transaction runs alone, from its first statement to its end, and leaves nothing when it fails. Statements that only serve a
 * person's screen (groups of letters, samples, deliveries of one event) or retention, and SQL of handlers, are not there and reject.
 */
export function createMemoryBrokerStore(deps: {
  readonly log: Pick<MemoryLog, 'records' | 'partition'>;
  readonly now: () => number;
}): MemoryBrokerStore {
  let lastId = 0;
  const state: MemoryState = {
    tables: emptyTables(),
    now: deps.now,
    nextId: () => {
      lastId += 1;
      return lastId;
    },
  };
  const statements = statementsOn(state, deps.log);
  let last: Promise<unknown> = Promise.resolve();
  const alone = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = last.then(work, work);
    last = done.catch(() => undefined);
    return done;
  };
  const store: BrokerStore = {
    ...oneAfterTheOther(statements, alone),
    transaction: (work) =>
      alone(async () => {
        const before = copyOf(state.tables);
        try {
          return await work(statements);
        } catch (error) {
          state.tables = before;
          throw error;
        }
      }),
  };
  return { store, tables: () => state.tables };
}

function statementsOn(
  state: MemoryState,
  log: Pick<MemoryLog, 'records' | 'partition'>,
): BrokerStatements {
  return {
    ...leaseStatements(state),
    ...claimStatements(state),
    ...retryStatements(state),
    ...letterStatements(state),
    ...subscriptionStatements(state),
    selectHeads: async () => {
      const heads = new Map<string, { topicId: number; partition: number; next: number }>();
      for (const { topicId, partition, offset } of log.records)
        heads.set(`${topicId}:${partition}`, { topicId, partition, next: offset + 1 });
      return [...heads.values()];
    },
    selectEventsAtOffsets: async (offsets) =>
      offsets.flatMap(({ topicId, partition, offset: from }) => {
        const record = log.partition(topicId, partition)[from];
        if (record === undefined) return [];
        const { offset, position, recordedAt } = record;
        return [{ topicId, partition, from, offset, position, recordedAt }];
      }),
    ...notInMemory,
  };
}

const refuse = (): Promise<never> =>
  Promise.reject(new Error('the store in memory does not have this statement'));

const notInMemory = {
  selectLowMarks: refuse,
  markOutOfRange: refuse,
  updateGroup: refuse,
  updateGroupLetters: refuse,
  selectGroups: refuse,
  selectGroupTrend: refuse,
  selectRetriesOfPosition: refuse,
  selectQueuesThrough: refuse,
  insertConsumerSamples: refuse,
  rollUpConsumerSamples: refuse,
  deleteOldConsumerSamples: refuse,
  selectConsumerSamples: refuse,
  handlerSql: { query: refuse },
};

/** The statements, each of which waits until no transaction is open. */
function oneAfterTheOther(
  statements: BrokerStatements,
  alone: <Result>(work: () => Promise<Result>) => Promise<Result>,
): BrokerStatements {
  return new Proxy(statements, {
    get: (target, name) => {
      const statement: unknown = Reflect.get(target, name);
      if (typeof statement !== 'function') return statement;
      return (...args: unknown[]) =>
        alone(async () => Promise.resolve(Reflect.apply(statement, undefined, args)));
    },
  });
}
