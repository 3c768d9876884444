import { type EventInput, type Publisher } from '#server/engine/engine-parts.ts';

export const PLAIN_TOPIC = 'growth';
/** Events of each stream, spread over the block it belongs to. */
export const STREAM_EVENTS = 100;

const BLOCK = 10_000;
const ROUNDS = 10;
const STREAMS_PER_BLOCK = 20;
const PLAIN_REQUEST = 400;
const PAYLOAD_FILL = 230;
const KEYS = 5_000;
const PLAIN_PER_ROUND = (BLOCK - STREAMS_PER_BLOCK * STREAM_EVENTS) / ROUNDS;

/** The name of a stream that is whole once the log holds `size` events; `share` (0 to 1) chooses which. */
export function streamAt(size: number, share: number): string {
  const streams = Math.floor(size / BLOCK) * STREAMS_PER_BLOCK;
  return `account-${Math.floor(share * streams)}`;
}

export const growthEvent = (sequence: number): EventInput => ({
  attributes: { source: '/bench', type: 'order.placed', subject: `order-${sequence % KEYS}` },
  payload: {
    kind: 'json',
    value: {
      sequence,
      total: 149.9,
      note: (sequence % 997).toString(36).padStart(PAYLOAD_FILL, 'weir-'),
    },
  },
});

/**
 * Publishes events through the engine's own way until the log holds `to`, in blocks of 10,000: 8,000 plain ones and 20 streams of
 * 100, interleaved. Stops early, between two blocks, when the time is up. Answers how many there are now.
 */
export async function fill(
  publisher: Publisher,
  range: { readonly from: number; readonly to: number },
  isTimeUp: () => boolean,
): Promise<number> {
  let size = range.from;
  while (size < range.to && !isTimeUp()) {
    for (let round = 0; round < ROUNDS; round += 1) await fillRound(publisher, size, round);
    size += BLOCK;
  }
  return size;
}

async function fillRound(publisher: Publisher, blockStart: number, round: number): Promise<void> {
  const requests: Promise<unknown>[] = [];
  const first = blockStart + round * PLAIN_PER_ROUND;
  for (let from = first; from < first + PLAIN_PER_ROUND; from += PLAIN_REQUEST) {
    const inputs = eventsFrom(from, PLAIN_REQUEST);
    requests.push(publisher.publish({ topic: PLAIN_TOPIC, inputs, batch: true }));
  }
  const firstStream = (blockStart / BLOCK) * STREAMS_PER_BLOCK;
  for (let stream = 0; stream < STREAMS_PER_BLOCK; stream += 1) {
    requests.push(
      publisher.appendToStream({
        streamId: `account-${firstStream + stream}`,
        expectedVersion: 'any',
        inputs: eventsFrom(first, STREAM_EVENTS / ROUNDS),
      }),
    );
  }
  await Promise.all(requests);
}

const eventsFrom = (from: number, count: number): EventInput[] =>
  Array.from({ length: count }, (_, index) => growthEvent(from + index));
