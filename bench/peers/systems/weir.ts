import { type Engine } from '#server/engine/engine.ts';
import { type EventInput } from '#server/engine/engine-parts.ts';
import { isEngineError } from '#server/engine/errors.ts';
import { migrate } from '#server/storage/migrate.ts';
import { type BenchEngine, openBenchEngine } from '../../engine/bench-cluster.ts';
import {
  type BenchData,
  type Consumer,
  numberOf,
  type OpenSystem,
  type System,
} from '../system.ts';

const TOPIC = 'bench';
const CONSUMER = 'bench';
const TYPE = 'order.placed';
const READ_PAGE = 1_000;
const STREAM_PAGE = 10_000;

/** In one process with its callers, as a handler in code is; HTTP is measured elsewhere. */
export const weir: System = {
  version: 'this commit',
  usage:
    'publisher.publish, publisher.appendToStream, broker.register with default settings, reader.stream, log.readAfter',
  open: async (url) => {
    await migrate({ url });
    let opened = await openBenchEngine(url);
    await opened.engine.topics.ensure(TOPIC);
    let known = 0;
    return {
      ...writesOf(() => opened.engine),
      readStream: (streamId) => readStream(opened.engine, streamId),
      contend: async (streamId, data) => {
        const seen = await contend(opened.engine, { streamId, data, known });
        known = Math.max(known, seen.version);
        return seen.isStored;
      },
      readAll: (onNumber) => readAll(opened.engine, onNumber),
      consume: (onNumber) => consume(opened.engine, onNumber),
      forget: async () => {
        await opened.close();
        opened = await openBenchEngine(url);
      },
      storedNumbers: () => storedNumbers(opened),
      close: () => opened.close(),
    };
  },
};

const inputOf = (data: BenchData): EventInput => ({
  attributes: { source: '/bench', type: TYPE, subject: data.orderId },
  payload: { kind: 'json', value: data },
});

function writesOf(
  engine: () => Engine,
): Pick<OpenSystem, 'append' | 'appendMany' | 'appendToStream'> {
  return {
    append: async (data) => {
      await engine().publisher.publish({ topic: TOPIC, inputs: [inputOf(data)], batch: false });
    },
    appendMany: async (data) => {
      await engine().publisher.publish({ topic: TOPIC, inputs: data.map(inputOf), batch: true });
    },
    appendToStream: async (streamId, data) => {
      const inputs = data.map(inputOf);
      const { publisher } = engine();
      await publisher.appendToStream({ streamId, expectedVersion: 'any', topic: TOPIC, inputs });
    },
  };
}

async function readStream({ reader }: Engine, streamId: string): Promise<number[]> {
  const numbers: number[] = [];
  for (;;) {
    const page = await reader.stream(streamId, {
      direction: 'forward',
      fromVersion: numbers.length + 1,
      limit: STREAM_PAGE,
    });
    for (const event of page.items) numbers.push(numberOf(event.data));
    if (page.items.length < STREAM_PAGE) return numbers;
  }
}

/** Expects the version that was seen last, as a caller would who read the stream before it decided. */
async function contend(
  { publisher }: Engine,
  attempt: { readonly streamId: string; readonly data: BenchData; readonly known: number },
): Promise<{ readonly isStored: boolean; readonly version: number }> {
  try {
    const { version } = await publisher.appendToStream({
      streamId: attempt.streamId,
      expectedVersion: attempt.known === 0 ? 'noStream' : attempt.known,
      topic: TOPIC,
      inputs: [inputOf(attempt.data)],
    });
    return { isStored: true, version };
  } catch (error) {
    if (!isEngineError(error, 'version-conflict')) throw error;
    return { isStored: false, version: Number(error.details['currentVersion']) };
  }
}

async function readAll({ log }: Engine, onNumber: (n: number) => void): Promise<void> {
  let position = 0;
  while (position < log.tailPosition()) {
    for (const record of await log.readAfter(position, READ_PAGE)) {
      if (record.topic === TOPIC) onNumber(numberOf(record.dataText));
      position = record.position;
    }
  }
}

async function consume({ broker }: Engine, onNumber: (n: number) => void): Promise<Consumer> {
  await broker.register({
    name: CONSUMER,
    description: 'Counts what it is given',
    version: '1',
    filter: { topics: [TOPIC] },
    start: 'earliest',
    handle: (event) => onNumber(numberOf(event.data)),
  });
  return {
    unsettled: async () => (await broker.lag(CONSUMER)).total,
    stop: () => broker.unregister(CONSUMER),
  };
}

async function storedNumbers({ database }: BenchEngine): Promise<number[]> {
  const { rows } = await database.pool.query<{ n: number }>(
    `SELECT (e.data->>'n')::int AS n FROM events e WHERE e.type = $1`,
    [TYPE],
  );
  return rows.map((row) => row.n);
}
