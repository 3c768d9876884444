import { type PublishReceipt } from '#contracts/event.ts';
import { type AppendArrays, type AppendOutcome } from '#server/storage/append-rows.ts';
import { type TopicInfo } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { type ExpectedVersion, type StreamNews } from './event-log.ts';
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
  /** Instead of a version-conflict: the append that takes its place, or null; see AppendRequest. */
  readonly decideAgain: ((news: StreamNews) => PreparedAppend | null) | null;
};

export type AppendAnswer =
  | { readonly kind: 'stored'; readonly receipts: PublishReceipt[] }
  | { readonly kind: 'refused'; readonly error: EngineError };

/** Next offsets by topic id and partition, as far as they are known. */
export type KnownHeads = {
  tail(): number;
  next(topicId: number, partition: number): number | null;
};

const isConditional = (append: PreparedAppend): boolean => append.expected !== 'any';

type Plan = {
  readonly arrays: AppendArrays;
  readonly appends: readonly PreparedAppend[];
};

/** The arrays of one batch. Appends keep their order; see the comment of append_batch for the meaning of each array. */
export function planBatch(appends: readonly PreparedAppend[], heads: KnownHeads): Plan {
  const draft = new PlanDraft(heads);
  for (const append of appends) draft.add(append);
  return { appends, arrays: draft.arrays(appends, heads.tail()) };
}

class PlanDraft {
  readonly #heads: KnownHeads;
  readonly #events = emptyArrays();
  readonly #slots = new Ranks();
  readonly #streams = new Ranks();
  readonly #slotTopic: number[] = [];
  readonly #slotPartition: number[] = [];
  readonly #slotNext: (number | null)[] = [];
  #request = 0;
  #anyConditional = false;

  constructor(heads: KnownHeads) {
    this.#heads = heads;
  }

  add(append: PreparedAppend): void {
    const conditional = isConditional(append);
    const expected = expectedNumber(append.expected);
    this.#anyConditional ||= conditional;
    this.#request += 1;
    for (const [index, event] of append.events.entries()) {
      // An unconditional event stands alone, so that a duplicate among new ones does not hold them back.
      if (!conditional && index > 0) this.#request += 1;
      this.#place(append, append.partitions[index] ?? 0);
      this.#events.request.push(this.#request);
      this.#events.expected.push(expected);
      pushEvent(this.#events, event, append.keys[index] ?? null);
    }
  }

  arrays(appends: readonly PreparedAppend[], knownTail: number): AppendArrays {
    return {
      ...this.#events,
      shard: 0,
      fast: appends.every((append) => append.topic.durability === 'fast'),
      knownTail,
      slotTopic: this.#slotTopic,
      slotPartition: this.#slotPartition,
      slotNext: this.#slotNext,
      streams: this.#streams.size === 0 ? null : this.#streams.names(),
      expected: this.#anyConditional ? this.#events.expected : null,
    };
  }

  #place(append: PreparedAppend, partition: number): void {
    const slot = this.#slots.next(`${append.topic.id}:${partition}`);
    if (slot.isNew) {
      this.#slotTopic.push(append.topic.id);
      this.#slotPartition.push(partition);
      this.#slotNext.push(this.#heads.next(append.topic.id, partition));
    }
    this.#events.slot.push(slot.index);
    this.#events.slotRank.push(slot.rank);
    const stream = append.streamId === null ? null : this.#streams.next(append.streamId);
    this.#events.stream.push(stream?.index ?? null);
    this.#events.streamRank.push(stream?.rank ?? null);
  }
}

// Numbers names from 1 in the order they appear, and counts how often each did.
class Ranks {
  readonly #indexes = new Map<string, number>();
  readonly #counts: number[] = [];

  get size(): number {
    return this.#indexes.size;
  }

  names(): string[] {
    return [...this.#indexes.keys()];
  }

  next(name: string): { readonly index: number; readonly rank: number; readonly isNew: boolean } {
    const known = this.#indexes.get(name);
    const index = known ?? this.#indexes.size + 1;
    if (known === undefined) this.#indexes.set(name, index);
    const rank = this.#counts[index] ?? 0;
    this.#counts[index] = rank + 1;
    return { index, rank, isNew: known === undefined };
  }
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
  return outcome.exceptions === null
    ? storedPlace(plan.arrays, outcome, at)
    : decidedPlace(outcome.exceptions, at);
}

function storedPlace(arrays: AppendArrays, outcome: AppendOutcome, at: number): Place {
  const slot = (arrays.slot[at] ?? 1) - 1;
  const stream = arrays.stream[at] ?? null;
  return {
    verdict: 'ok',
    position: outcome.tail + at + 1,
    topicId: arrays.slotTopic[slot] ?? 0,
    partition: arrays.slotPartition[slot] ?? 0,
    offset: (outcome.slotNext[slot] ?? 0) + (arrays.slotRank[at] ?? 0),
    version:
      stream === null
        ? null
        : (outcome.streamVersions?.[stream - 1] ?? 0) + (arrays.streamRank[at] ?? 0) + 1,
  };
}

function decidedPlace(decided: NonNullable<AppendOutcome['exceptions']>, at: number): Place {
  return {
    verdict: decided.verdicts[at] ?? 'conflict',
    position: decided.positions[at] ?? 0,
    topicId: decided.topics[at] ?? 0,
    partition: decided.partitions[at] ?? 0,
    offset: decided.offsets[at] ?? 0,
    version: decided.versions[at] ?? null,
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
