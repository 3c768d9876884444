import {
  MAX_ATTRIBUTE_LENGTH,
  MAX_BATCH_BYTES,
  MAX_BATCH_EVENTS,
  type PublishReceipt,
} from '#contracts/event.ts';
import { TOPIC_NAME } from '#contracts/topic.ts';
import { type Clock } from '../clock.ts';
import { type EventInput, type Publisher, type Topics } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { type Traffic } from '../flows/traffic.ts';
import { type EventLog, type StreamNews } from '../log/event-log.ts';
import { type NewEvent } from '../log/event-record.ts';
import { enrich } from './enrich.ts';
import { checkEnvelope, invalid } from './envelope.ts';
import { checkEventSize, toPayload } from './payload.ts';
import { topicOfStream, topicOfType } from './topic-routing.ts';

export type PublisherDependencies = {
  readonly log: Pick<EventLog, 'append'>;
  readonly topics: Pick<Topics, 'find' | 'ensure'>;
  readonly traffic: Pick<Traffic, 'published'>;
  readonly clock: Clock;
  /** First use creates a topic; otherwise an unknown one is refused. */
  readonly autoCreateTopics: boolean;
};

/**
 * The way of every event into the log: envelope → payload → enrich → size → topic → append. Promises: what is checked
 * here is checked for every producer alike (HTTP, handlers, scenarios); the events of one call go to the log in one
 * request per topic and keep their order; a topic is made only for events that passed.
 */
export function createPublisher(dependencies: PublisherDependencies): Publisher {
  const { log, topics, traffic, clock, autoCreateTopics } = dependencies;

  const requireTopic = async (name: string): Promise<void> => {
    if (topics.find(name) !== undefined) return;
    if (!autoCreateTopics)
      throw new EngineError('unknown-topic', `There is no topic ${name}; create it with PUT`, {
        topic: name,
      });
    await topics.ensure(name);
  };

  const appendTo = async (topic: string, events: readonly NewEvent[]) => {
    if (topics.find(topic) === undefined) await requireTopic(topic);
    const receipts = await log.append({ topic, events });
    countTraffic(traffic, events, receipts);
    return receipts;
  };

  return {
    publish: async ({ topic, inputs, batch }) => {
      const events = toNewEvents(inputs, batch, clock);
      if (topic === undefined) return publishByType(events, appendTo);
      return appendTo(checkTopicName(topic), events);
    },
    appendToStream: async ({ streamId, expectedVersion, topic, inputs, decideAgain }) => {
      checkStreamId(streamId);
      let events = toNewEvents(inputs, true, clock);
      const target = checkTopicName(topic ?? topicOfStream(streamId));
      await requireTopic(target);
      const decide = (news: StreamNews) => {
        const decided = decideAgain?.(news) ?? null;
        if (decided !== null) events = toNewEvents(decided, true, clock);
        return decided === null ? null : events;
      };
      const receipts = await log.append({
        topic: target,
        events,
        streamId,
        expectedVersion,
        ...(decideAgain === undefined ? {} : { decideAgain: decide }),
      });
      countTraffic(traffic, events, receipts);
      const version = receipts.reduce((highest, { version: v = 0 }) => Math.max(highest, v), 0);
      return { streamId, version, events: receipts };
    },
  };
}

function toNewEvents(inputs: readonly EventInput[], batch: boolean, clock: Clock): NewEvent[] {
  if (inputs.length === 0)
    throw new EngineError('invalid-request', 'events must not be empty', { field: 'events' });
  if (inputs.length > MAX_BATCH_EVENTS)
    throw new EngineError('batch-too-large', `a batch holds at most ${MAX_BATCH_EVENTS} events`, {
      limitEvents: MAX_BATCH_EVENTS,
      events: inputs.length,
    });
  let total = 0;
  return inputs.map((input, index) => {
    const prefix = batch ? `events[${index}].` : '';
    const envelope = checkEnvelope(input.attributes, prefix);
    const event = enrich(envelope, toPayload(input.payload, prefix), clock);
    checkEventSize(event.sizeBytes, prefix);
    total += event.sizeBytes;
    if (total > MAX_BATCH_BYTES)
      throw new EngineError('batch-too-large', `a batch holds at most ${MAX_BATCH_BYTES} bytes`, {
        limitBytes: MAX_BATCH_BYTES,
      });
    return event;
  });
}

/** Events of several topics are one request per topic: stored or refused topic by topic; a retry with the same ids is safe. */
async function publishByType(
  events: readonly NewEvent[],
  appendTo: (topic: string, events: readonly NewEvent[]) => Promise<PublishReceipt[]>,
): Promise<PublishReceipt[]> {
  const byTopic = Map.groupBy(events, (event) => topicOfType(event.type));
  const receiptOf = new Map<NewEvent, PublishReceipt>();
  for (const [topic, group] of byTopic) {
    const receipts = await appendTo(topic, group);
    receipts.forEach((receipt, index) => {
      const event = group[index];
      if (event !== undefined) receiptOf.set(event, receipt);
    });
  }
  return events.flatMap((event) => receiptOf.get(event) ?? []);
}

function checkTopicName(topic: string): string {
  if (topic.startsWith('$'))
    throw invalid('', 'topic', 'begins with "$": those topics are written by Weir alone');
  if (!TOPIC_NAME.test(topic))
    throw invalid('', 'topic', 'must be letters, digits, ".", "_" and "-", at most 200');
  return topic;
}

function checkStreamId(streamId: string): void {
  const usable =
    streamId.length > 0 &&
    streamId.length <= MAX_ATTRIBUTE_LENGTH &&
    !streamId.includes('\u0000') &&
    streamId.isWellFormed();
  if (!usable)
    throw invalid('', 'streamId', `must be 1 to ${MAX_ATTRIBUTE_LENGTH} characters of Unicode`);
}

function countTraffic(
  traffic: Pick<Traffic, 'published'>,
  events: readonly NewEvent[],
  receipts: readonly PublishReceipt[],
): void {
  for (const [index, receipt] of receipts.entries()) {
    const event = events[index];
    if (event !== undefined && !receipt.duplicate)
      traffic.published(event.source, receipt.topic, 1);
  }
}
