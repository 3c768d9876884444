import { randomUUID } from 'node:crypto';
import { shareOf } from '#server/engine/broker/fault-injection.ts';
import { type Clock, type Random } from '#server/engine/clock.ts';
import { type EventInput, type Publisher } from '#server/engine/engine-parts.ts';
import { type ProducedEvent, type ProducerContext } from './scenario.ts';

/** An id with a share below this fails at any failure rate from one in a hundred. */
const FAILING_SHARE = 0.01;
const MAX_TRIES = 10_000;

export function producerContext(deps: {
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly random: Random;
  readonly sequence: number;
}): ProducerContext {
  const { publisher, clock, random, sequence } = deps;
  return {
    clock,
    random,
    sequence,
    failingId,
    publish: async (topic, event) => {
      await publisher.publish({ topic, inputs: [eventInput(event)], batch: false });
    },
    append: async (streamId, topic, event) => {
      await publisher.appendToStream({
        streamId,
        topic,
        expectedVersion: 'any',
        inputs: [eventInput(event)],
      });
    },
  };
}

function eventInput({ data, extensions, ...attributes }: ProducedEvent): EventInput {
  return {
    attributes: { ...extensions, ...attributes },
    payload: data === undefined ? { kind: 'none' } : { kind: 'json', value: data },
  };
}

function failingId(consumer: string): string {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const id = randomUUID();
    if (shareOf(`${id}\n${consumer}`) < FAILING_SHARE) return id;
  }
  return randomUUID();
}
