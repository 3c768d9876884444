import { SYSTEM_NAMES } from './systems.ts';

export type Job = {
  readonly measure: string;
  readonly title: string;
  readonly unit: string;
  readonly higherIsBetter: boolean;
  readonly system: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly connections: number;
};

export type Scale = {
  readonly appendSeconds: number;
  readonly latencySeconds: number;
  readonly drainEvents: number;
  readonly readEvents: number;
};

export const FULL: Scale = {
  appendSeconds: 3,
  latencySeconds: 8,
  drainEvents: 100_000,
  readEvents: 1_000_000,
};
/** To see that everything works, and for an hour without much time. */
export const QUICK: Scale = {
  appendSeconds: 1,
  latencySeconds: 3,
  drainEvents: 20_000,
  readEvents: 100_000,
};

/** Callers beyond this share the connections: the server allows 100, and past the number of its cores more do not help. */
const CONNECTIONS_AT_MOST = 64;
const STREAM_EVENTS = 10_000;
const CONTROL = 'naive poller (control)';
const COPY = 'raw pg, COPY';
const UNNEST = 'raw pg';

const MODES = SYSTEM_NAMES.filter((name) => name.endsWith(', batched'));
const STORES = SYSTEM_NAMES.filter((name) => ![CONTROL, COPY, ...MODES].includes(name));
const CONSUMERS = SYSTEM_NAMES.filter((name) => ![UNNEST, COPY].includes(name));
const LOGS = ['weir', UNNEST, 'emmett', 'message-db'];

type Kind = Pick<Job, 'measure' | 'title' | 'unit' | 'higherIsBetter'>;

const RATE = { unit: 'events/s', higherIsBetter: true };
const TIME = { unit: 'ms', higherIsBetter: false };

/** Every job once; the order is that of the report. How often each runs is the caller's to say. */
export function planJobs(scale: Scale): Job[] {
  const seconds = scale.appendSeconds;
  return [
    ...[1, 16, 64, 256].flatMap((writers) =>
      each(
        STORES,
        { measure: 'append', title: 'single durable append', ...RATE },
        { writers, seconds },
      ),
    ),
    ...each([...STORES, COPY], BATCHES, { writers: 4, batch: 100, seconds }),
    ...each(['weir', UNNEST, COPY], BATCHES, { writers: 4, batch: 500, seconds }),
    ...[500, 5_000].flatMap((rate) =>
      each(
        CONSUMERS,
        { measure: 'latency', title: 'publish → handler, p50', ...TIME },
        {
          rate,
          seconds: scale.latencySeconds,
        },
      ),
    ),
    ...each(
      CONSUMERS,
      { measure: 'follow', title: 'delivered while 64 write', ...RATE },
      {
        writers: 64,
        seconds,
      },
    ),
    ...each(
      CONSUMERS.filter((name) => name !== CONTROL),
      { measure: 'drain', title: 'drain of a backlog', ...RATE },
      { events: scale.drainEvents },
    ),
    ...each(
      LOGS,
      { measure: 'read all', title: 'read everything', ...RATE },
      { events: scale.readEvents },
    ),
    ...each(
      LOGS,
      { measure: 'stream', title: 'read one stream', ...TIME },
      { events: STREAM_EVENTS },
    ),
    ...each(
      LOGS.filter((name) => name !== UNNEST),
      { measure: 'contend', title: 'appends to one stream, with retry', ...RATE },
      { writers: 32, seconds },
    ),
  ];
}

const BATCHES: Kind = { measure: 'append', title: 'batches', ...RATE };

function each(
  systems: readonly string[],
  kind: Kind,
  parameters: Readonly<Record<string, number>>,
): Job[] {
  const callers = parameters['writers'] ?? CONNECTIONS_AT_MOST;
  return systems.map((system) => ({
    ...kind,
    system,
    parameters,
    connections: Math.max(2, Math.min(callers, CONNECTIONS_AT_MOST)),
  }));
}
