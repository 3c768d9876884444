import { z } from 'zod';
import { eventFilterSchema } from '#contracts/event.ts';
import { type EventReader } from '#server/engine/engine-parts.ts';
import { type EventLog } from '#server/engine/log/event-log.ts';
import { type LogRecord, storedEventJson } from '#server/engine/log/event-record.ts';
import { invalidRequest } from '../invalid-request.ts';
import { type Reply } from '../reply.ts';
import { headerOf } from '../request.ts';
import { parseQuery, type Router } from '../router.ts';
import { onOneLine } from './event-export.ts';

const PAGE_EVENTS = 500;
const PAGE_BYTES = 256 * 1_024;
const HEARTBEAT_MS = 15_000;
const RETRY_MS = 1_000;

const streamQuerySchema = eventFilterSchema.extend({
  fromPosition: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
});

/** Server-sent events for those who want no library. */
export function addEventStreamRoute(
  router: Router,
  { log, reader }: { readonly log: EventLog; readonly reader: EventReader },
): void {
  router.raw(
    {
      method: 'get',
      path: '/api/v1/events/stream',
      tag: 'Events',
      summary: 'Follow events as server-sent events',
      description:
        'Begins at `fromPosition` (included), after `Last-Event-ID` (a position), or with what is recorded from now on. Each message is one event; its id is the position to resume after.',
      query: streamQuerySchema,
      answers: {
        200: { description: 'A stream of messages of type `message`; comments keep it open' },
      },
    },
    async (c): Promise<Reply> => {
      const { fromPosition, ...filter } = parseQuery(c, streamQuerySchema);
      const lastEventId = headerOf(c, 'last-event-id');
      const after = startAfter(lastEventId, fromPosition) ?? log.tailPosition();
      const body = followLog(log, reader.matcher(filter), after);
      return Promise.resolve({
        status: 200,
        body,
        headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
      });
    },
  );
}

/** The position after which to begin, or null for the present end. */
function startAfter(
  lastEventId: string | undefined,
  fromPosition: number | undefined,
): number | null {
  if (lastEventId === undefined || lastEventId === '')
    return fromPosition === undefined ? null : Math.max(0, fromPosition - 1);
  const position = Number(lastEventId);
  if (!Number.isSafeInteger(position) || position < 0)
    throw invalidRequest('Last-Event-ID', 'must be a position: a whole number');
  return position;
}

/**
 * One page of the log per pull: the log is read again only when the socket has taken what there was, so a slow
 * client costs one page of memory and nobody else's time. Ends when the client leaves.
 */
function followLog(
  log: EventLog,
  matches: (record: LogRecord) => boolean,
  after: number,
): ReadableStream<Uint8Array> {
  let position = after;
  let greeted = false;
  const left = new AbortController();
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    if (!greeted) {
      greeted = true;
      controller.enqueue(Buffer.from(`retry: ${RETRY_MS}\nid: ${position}\n: following\n\n`));
      return;
    }
    while (!left.signal.aborted) {
      const tail = log.tailPosition();
      const records = await log.readAfter(position, PAGE_EVENTS, PAGE_BYTES);
      // When nothing was left by retention up to the tail, there is nothing to read before it.
      position = records.at(-1)?.position ?? Math.max(position, tail);
      const text = records.filter(matches).map(message).join('');
      if (text !== '') {
        controller.enqueue(Buffer.from(text));
        return;
      }
      if (records.length === 0 && !(await tailMoved(log, position, left.signal))) {
        if (!left.signal.aborted)
          controller.enqueue(Buffer.from(`id: ${position}\n: still here\n\n`));
        return;
      }
    }
  };
  return new ReadableStream<Uint8Array>({ pull, cancel: () => left.abort() }, { highWaterMark: 1 });
}

const message = (record: LogRecord) =>
  `id: ${record.position}\ndata: ${onOneLine(storedEventJson(record))}\n\n`;

/** True when the tail is beyond `position`; false after a heartbeat's time without it, or when the client has left. */
function tailMoved(log: EventLog, position: number, left: AbortSignal): Promise<boolean> {
  if (log.tailPosition() > position) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (moved: boolean) => {
      clearTimeout(timer);
      stopListening();
      left.removeEventListener('abort', onLeft);
      resolve(moved);
    };
    const onLeft = () => settle(false);
    const timer = setTimeout(() => settle(false), HEARTBEAT_MS);
    const stopListening = log.onTail((tail) => {
      if (tail > position) settle(true);
    });
    left.addEventListener('abort', onLeft);
    if (left.aborted) onLeft();
  });
}
