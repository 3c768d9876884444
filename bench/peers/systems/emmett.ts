import { type Event, isExpectedVersionConflictError, reactor } from '@event-driven-io/emmett';
import {
  defaultTag,
  getPostgreSQLEventStore,
  type PostgreSQLEventStoreConsumer,
  type PostgresEventStore,
} from '@event-driven-io/emmett-postgresql';
import pg from 'pg';
import { packageVersion } from '../package-version.ts';
import { type BenchData, numberOf, type OpenSystem, type System } from '../system.ts';

type OrderPlaced = Event<'order.placed', BenchData>;

const READ_PAGE = 1_000;
const PROCESSOR = 'bench';
const DEFAULTS = { batchSize: 100, pullingFrequencyInMs: 50 };
const QUICK = { batchSize: 1_000, pullingFrequencyInMs: 1 };

const eventOf = (data: BenchData): OrderPlaced => ({ type: 'order.placed', data });

export const emmett: System = emmettWith(DEFAULTS, 'its default pulling (100 per 50 ms)');
export const emmettBatched: System = emmettWith(QUICK, 'batchSize 1,000, pullingFrequencyInMs 1');

function emmettWith(pulling: typeof DEFAULTS, said: string): System {
  return {
    version: packageVersion('@event-driven-io/emmett-postgresql'),
    usage: `appendToStream (a stream per caller), readStream, readMessagesBatch through a consumer; ${said}`,
    open: (url, connections) => openEmmett(url, connections, pulling),
  };
}

async function openEmmett(
  url: string,
  connections: number,
  pulling: typeof DEFAULTS,
): Promise<OpenSystem> {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  const store = getPostgreSQLEventStore(url, { connectionOptions: { pool } });
  await store.schema.migrate();
  let known = 0n;
  return {
    append: async (data, writer) => {
      await store.appendToStream<OrderPlaced>(`bench-${writer}`, [eventOf(data)]);
    },
    appendMany: async (data, caller) => {
      await store.appendToStream<OrderPlaced>(`bench-${caller}`, data.map(eventOf));
    },
    appendToStream: async (stream, data) => {
      await store.appendToStream<OrderPlaced>(stream, data.map(eventOf));
    },
    readStream: async (stream) => {
      const { events } = await store.readStream<OrderPlaced>(stream);
      return events.map((event) => numberOf(event.data));
    },
    contend: async (stream, data) => {
      const seen = await contend(store, pool, { stream, data, known });
      known = max(known, seen.version);
      return seen.isStored;
    },
    readAll: async (onNumber) => {
      const consumer = store.consumer<OrderPlaced>({
        pulling: { batchSize: READ_PAGE, pullingFrequencyInMs: 1 },
        stopWhen: { noMessagesLeft: true },
        // Of the core package: it keeps no place, where the one for Postgres stores it with every message.
        processors: [
          reactor<OrderPlaced>({
            processorId: 'read-all',
            eachMessage: (event) => onNumber(numberOf(event.data)),
          }),
        ],
      });
      try {
        await consumer.start();
      } finally {
        await consumer.close();
      }
    },
    consume: async (onNumber) => {
      const consumer = store.consumer<OrderPlaced>({ pulling });
      react(consumer, onNumber);
      const running = consumer.start();
      running.catch(() => undefined);
      return {
        unsettled: () => unsettled(pool),
        stop: async () => {
          await consumer.close();
        },
      };
    },
    storedNumbers: async () => {
      const { rows } = await pool.query<{ n: number }>(
        `SELECT (message_data->>'n')::int AS n FROM emt_messages`,
      );
      return rows.map((row) => row.n);
    },
    close: async () => {
      await store.close();
      await pool.end();
    },
  };
}

/** The error does not tell the version the stream has: it is read again, as a caller would. */
async function contend(
  store: PostgresEventStore,
  pool: pg.Pool,
  attempt: { readonly stream: string; readonly data: BenchData; readonly known: bigint },
): Promise<{ readonly isStored: boolean; readonly version: bigint }> {
  try {
    const result = await store.appendToStream<OrderPlaced>(
      attempt.stream,
      [eventOf(attempt.data)],
      // STREAM_DOES_NOT_EXIST is not checked in this version.
      { expectedStreamVersion: attempt.known },
    );
    return { isStored: true, version: result.nextExpectedStreamVersion };
  } catch (error) {
    if (!isExpectedVersionConflictError(error)) throw error;
    const { rows } = await pool.query<{ version: string }>(
      'SELECT stream_position AS version FROM emt_streams WHERE stream_id = $1',
      [attempt.stream],
    );
    return { isStored: false, version: BigInt(rows[0]?.version ?? 0) };
  }
}

function react(
  consumer: PostgreSQLEventStoreConsumer<OrderPlaced>,
  onNumber: (n: number) => void,
): void {
  consumer.reactor<OrderPlaced>({
    processorId: PROCESSOR,
    // From any other place it keeps no checkpoint.
    startFrom: 'CURRENT',
    // Its eachBatch is declared, and in this version not called.
    eachMessage: (event) => {
      onNumber(numberOf(event.data));
    },
  });
}

async function unsettled(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ open: string }>(
    `SELECT count(*) AS open FROM emt_messages
      WHERE partition = $1 AND global_position > coalesce(
        (SELECT max(nullif(last_processed_checkpoint, '')::bigint) FROM emt_processors WHERE processor_id = $2), 0)`,
    [defaultTag, PROCESSOR],
  );
  return Number(rows[0]?.open);
}

const max = (one: bigint, other: bigint): bigint => (one > other ? one : other);
