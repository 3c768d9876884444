import { type PublishReceipt } from '#contracts/event.ts';
import { type AppendArrays, type AppendOutcome } from '#server/storage/append-rows.ts';
import { type TopicInfo } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { type ExpectedVersion } from './event-log.ts';
import { type LogRecord, type NewEvent } from './event-record.ts';

/** One append, its partitions already chosen. Conditional when it names an expected version. */
export type PreparedAppend = {
  readonly topic: TopicInfo;
  readonly streamId: string | null;
  readonly expected: ExpectedVersion;
  readonly events: readonly NewEvent[];
  readonly keys: readonly (string | null)[];
  readonly partitions: readonly number[];
  readonly sizeBytes: number;
};

export type AppendAnswer =
  | { readonly kind: 'stored'; readonly receipts: PublishReceipt[] }
  | { readonly kind: 'refused'; readonly error: EngineError };

/** Next offsets by topic id and partition, as far as they are known. */
export type KnownHeads = {
  tail(): number;
  next(topicId: number, partition: number): number | null;
};

export const isConditional = (append: PreparedAppend): boolean => append.expected !== 'any';

type Plan = {
  readonly arrays: AppendArrays;
  readonly appends: readonly PreparedAppend[];
};

/** The arrays of one batch. Appends keep their order; see the comment of append_batch for the meaning of each array. */
export function planBatch(appends: readonly PreparedAppend[], heads: KnownHeads): Plan {
  const slots = new Map<string, number>();
  const streams = new Map<string, number>();
  const slotTopic: number[] = [];
  const slotPartition: number[] = [];
  const slotNext: (number | null)[] = [];
  const slotCounts: number[] = [];
  const streamCounts: number[] = [];
  const arrays = emptyArrays();
  let request = 0;
  let anyConditional = false;
  for (const append of appends) {
    const conditional = isConditional(append);
    anyConditional ||= conditional;
    // An unconditional event stands alone, so that a duplicate among new ones does not hold them back.
    request += 1;
    for (const [index, event] of append.events.entries()) {
      if (!conditional && index > 0) request += 1;
      const partition = append.partitions[index] ?? 0;
      const slotKey = `${append.topic.id}:${partition}`;
      let slot = slots.get(slotKey);
      if (slot === undefined) {
        slot = slotTopic.push(append.topic.id);
        slots.set(slotKey, slot);
        slotPartition.push(partition);
        slotNext.push(heads.next(append.topic.id, partition));
        slotCounts.push(0);
      }
      arrays.slot.push(slot);
      arrays.slotRank.push(slotCounts[slot - 1] ?? 0);
      slotCounts[slot - 1] = (slotCounts[slot - 1] ?? 0) + 1;
      const stream = append.streamId === null ? null : indexOfStream(streams, append.streamId);
      arrays.stream.push(stream);
      arrays.streamRank.push(stream === null ? null : (streamCounts[stream - 1] ?? 0));
      if (stream !== null) streamCounts[stream - 1] = (streamCounts[stream - 1] ?? 0) + 1;
      arrays.request.push(request);
      arrays.expected.push(conditional ? expectedNumber(append.expected) : null);
      pushEvent(arrays, event, append.keys[index] ?? null);
    }
  }
  return {
    appends,
    arrays: {
      ...arrays,
      shard: 0,
      fast: appends.every((append) => append.topic.durability === 'fast'),
      knownTail: heads.tail(),
      slotTopic,
      slotPartition,
      slotNext,
      streams: streams.size === 0 ? null : [...streams.keys()],
      expected: anyConditional ? arrays.expected : null,
    },
  };
}

function indexOfStream(streams: Map<string, number>, streamId: string): number {
  const known = streams.get(streamId);
  if (known !== undefined) return known;
  streams.set(streamId, streams.size + 1);
  return streams.size;
}

function expectedNumber(expected: ExpectedVersion): number | null {
  if (expected === 'any') return null;
  if (expected === 'noStream') return 0;
  return expected === 'streamExists' ? -1 : expected;
}

const emptyArrays = () => ({
  slot: [] as number[],
  slotRank: [] as number[],
  stream: [] as (number | null)[],
  streamRank: [] as (number | null)[],
  request: [] as number[],
  expected: [] as (number | null)[],
  eventId: [] as string[],
  source: [] as string[],
  type: [] as string[],
  subject: [] as (string | null)[],
  key: [] as (string | null)[],
  correlation: [] as (string | null)[],
  causation: [] as (string | null)[],
  time: [] as string[],
  extensions: [] as (string | null)[],
  data: [] as (string | null)[],
  binary: [] as (Buffer | null)[],
});

function pushEvent(
  arrays: ReturnType<typeof emptyArrays>,
  event: NewEvent,
  key: string | null,
): void {
  arrays.eventId.push(event.id);
  arrays.source.push(event.source);
  arrays.type.push(event.type);
  arrays.subject.push(event.subject);
  arrays.key.push(key);
  arrays.correlation.push(event.correlationId);
  arrays.causation.push(event.causationId);
  arrays.time.push(event.time);
  arrays.extensions.push(event.extensions === null ? null : JSON.stringify(event.extensions));
  arrays.data.push(event.dataText);
  arrays.binary.push(event.dataBinary);
}

export type AppliedBatch = {
  readonly answers: readonly AppendAnswer[];
  /** What was stored, in position order without a gap, beginning after `tailBefore`. */
  readonly records: readonly LogRecord[];
  readonly tailBefore: number;
};

/** What the batch became: an answer per append, and the stored events as records for the tail cache. */
export function applyOutcome(
  plan: Plan,
  outcome: AppendOutcome,
  topicName: (topicId: number) => string,
): AppliedBatch {
  const answers: AppendAnswer[] = [];
  const records: LogRecord[] = [];
  let at = 0;
  for (const append of plan.appends) {
    const receipts: PublishReceipt[] = [];
    let error: EngineError | null = null;
    for (const event of append.events) {
      const place = placeOf(plan, outcome, at);
      const key = plan.arrays.key[at] ?? null;
      at += 1;
      if (place.verdict === 'conflict' || place.verdict === 'partial-duplicate') {
        error ??= refusal(append, place);
        continue;
      }
      const topic =
        place.topicId === append.topic.id ? append.topic.name : topicName(place.topicId);
      receipts.push(receiptOf(append, event, topic, place));
      if (place.verdict === 'ok') {
        records.push(recordOf({ append, event, key, place, recordedAt: outcome.recordedAt }));
      }
    }
    answers.push(error === null ? { kind: 'stored', receipts } : { kind: 'refused', error });
  }
  return { answers, records, tailBefore: outcome.tail };
}

type Place = {
  readonly verdict: 'ok' | 'duplicate' | 'partial-duplicate' | 'conflict';
  readonly position: number;
  readonly topicId: number;
  readonly partition: number;
  readonly offset: number;
  readonly version: number | null;
};

function placeOf(plan: Plan, outcome: AppendOutcome, at: number): Place {
  const { arrays } = plan;
  const { exceptions } = outcome;
  if (exceptions !== null) {
    return {
      verdict: exceptions.verdicts[at] ?? 'conflict',
      position: exceptions.positions[at] ?? 0,
      topicId: exceptions.topics[at] ?? 0,
      partition: exceptions.partitions[at] ?? 0,
      offset: exceptions.offsets[at] ?? 0,
      version: exceptions.versions[at] ?? null,
    };
  }
  const slot = (arrays.slot[at] ?? 1) - 1;
  const stream = arrays.stream[at] ?? null;
  const streamVersion = stream === null ? null : (outcome.streamVersions?.[stream - 1] ?? 0);
  return {
    verdict: 'ok',
    position: outcome.tail + at + 1,
    topicId: arrays.slotTopic[slot] ?? 0,
    partition: arrays.slotPartition[slot] ?? 0,
    offset: (outcome.slotNext[slot] ?? 0) + (arrays.slotRank[at] ?? 0),
    version: streamVersion === null ? null : streamVersion + (arrays.streamRank[at] ?? 0) + 1,
  };
}

function refusal(append: PreparedAppend, place: Place): EngineError {
  const streamId = append.streamId ?? '';
  if (place.verdict === 'partial-duplicate') {
    return new EngineError(
      'invalid-request',
      `Some of these events are stored already and some are not; append to ${streamId} the new ones only.`,
      { field: 'events' },
    );
  }
  return new EngineError(
    'version-conflict',
    `Stream ${streamId} is at version ${place.version ?? 0}, expected ${String(append.expected)}. Read it again and decide anew.`,
    { streamId, expectedVersion: append.expected, currentVersion: place.version ?? 0 },
  );
}

function receiptOf(
  append: PreparedAppend,
  event: NewEvent,
  topic: string,
  place: Place,
): PublishReceipt {
  const receipt: PublishReceipt = {
    id: event.id,
    topic,
    partition: place.partition,
    offset: place.offset,
    position: place.position,
    duplicate: place.verdict === 'duplicate',
  };
  if (append.streamId !== null && place.version !== null) {
    receipt.stream = append.streamId;
    receipt.version = place.version;
  }
  return receipt;
}

function recordOf(stored: {
  readonly append: PreparedAppend;
  readonly event: NewEvent;
  readonly key: string | null;
  readonly place: Place;
  readonly recordedAt: string;
}): LogRecord {
  const { append, event, key, place, recordedAt } = stored;
  return {
    position: place.position,
    topicId: append.topic.id,
    topic: append.topic.name,
    partition: place.partition,
    offset: place.offset,
    streamId: append.streamId,
    version: place.version,
    recordedAt,
    time: event.time,
    id: event.id,
    source: event.source,
    type: event.type,
    subject: event.subject,
    key,
    correlationId: event.correlationId,
    causationId: event.causationId,
    extensions: event.extensions,
    dataText: event.dataText,
    dataBinary: event.dataBinary,
  };
}
