import { type ResetTarget } from '#contracts/subscription.ts';
import { type EventReader } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { type BrokerStore } from './broker-store.ts';

/** A partition with what it stands at and what there is. */
export type PartitionSpan = {
  readonly topicId: number;
  readonly topic: string;
  readonly partition: number;
  readonly committed: number;
  /** First offset that retention has left. */
  readonly low: number;
  readonly head: number;
};

export type TargetOffset = PartitionSpan & {
  readonly offset: number;
  /** At or below the position of the event at `offset`. */
  readonly position: number;
  readonly eventTime: string | null;
};

type OffsetTargetsDependencies = {
  readonly store: BrokerStore;
  readonly reader: Pick<EventReader, 'positionAt'>;
  /** All events up to this position are below the heads. */
  readonly headsPosition: () => number;
};

export type OffsetTargets = {
  resolve(to: ResetTarget, spans: readonly PartitionSpan[]): Promise<readonly TargetOffset[]>;
};

/** A search halves at most this often; 2^53 offsets is more than there can be. */
const MAX_HALVINGS = 54;

/** Finds the offsets that a start or reset target means, per partition, by probes of the offset index. */
export function createOffsetTargets(deps: OffsetTargetsDependencies): OffsetTargets {
  const locate = async (spans: readonly PartitionSpan[], offsets: readonly number[]) => {
    const fallback = deps.headsPosition();
    const wanted = spans.map((span, index) => ({ ...span, offset: offsets[index] ?? span.head }));
    const events = await deps.store.selectEventsAtOffsets(wanted);
    const found = new Map(events.map((event) => [`${event.topicId}:${event.partition}`, event]));
    return wanted.map((target): TargetOffset => {
      const event = found.get(`${target.topicId}:${target.partition}`);
      return {
        ...target,
        // Offsets whose events retention has dropped begin with the first that is left, or with the next that comes.
        offset: event?.offset ?? target.head,
        position: event?.position ?? fallback,
        eventTime: event?.recordedAt ?? null,
      };
    });
  };

  const offsetsAtPosition = async (spans: readonly PartitionSpan[], position: number) => {
    const low = spans.map(() => 0);
    const high = spans.map((span) => span.head);
    for (let i = 0; i < MAX_HALVINGS; i += 1) {
      const open = spans.flatMap((span, index) => {
        const from = low[index] ?? 0;
        const to = high[index] ?? 0;
        return from < to ? [{ span, index, middle: Math.floor((from + to) / 2) }] : [];
      });
      if (open.length === 0) break;
      const events = await deps.store.selectEventsAtOffsets(
        open.map(({ span, middle }) => ({ ...span, offset: middle })),
      );
      const found = new Map(events.map((event) => [`${event.topicId}:${event.partition}`, event]));
      for (const { span, index, middle } of open) {
        const event = found.get(`${span.topicId}:${span.partition}`);
        if (event === undefined || event.position >= position) high[index] = middle;
        else low[index] = event.offset + 1;
      }
    }
    return low;
  };

  return {
    resolve: async (to, spans) => {
      if (to === 'earliest')
        return locate(
          spans,
          spans.map(() => 0),
        );
      if (to === 'latest')
        return locate(
          spans,
          spans.map((span) => span.head),
        );
      if ('shiftBy' in to) {
        return locate(
          spans,
          spans.map((span) => Math.max(span.low, clamp(span.committed + to.shiftBy, span.head))),
        );
      }
      if ('offsets' in to) return locate(...chosenOffsets(to.offsets, spans));
      const position = 'time' in to ? await deps.reader.positionAt(to.time) : to.position;
      const offsets = await offsetsAtPosition(spans, position);
      if ('position' in to) await refuseGone(deps.store, spans, position);
      return locate(spans, offsets);
    },
  };
}

/** A position is meant as it is; what was dropped there must not be passed over in silence. */
async function refuseGone(
  store: BrokerStore,
  spans: readonly PartitionSpan[],
  position: number,
): Promise<void> {
  const marks = await store.selectLowMarks();
  for (const { topicId, topic, partition } of spans) {
    const mark = marks.find((each) => each.topicId === topicId && each.partition === partition);
    if (mark === undefined || mark.position <= position) continue;
    const { offset: lowOffset, position: lowPosition } = mark;
    throw outOfRange('to.position', { topic, partition, lowOffset, lowPosition });
  }
}

const outOfRange = (
  field: string,
  place: {
    readonly topic: string;
    readonly partition: number;
    readonly lowOffset: number;
    readonly lowPosition?: number;
  },
) =>
  new EngineError(
    'offset-out-of-range',
    `Retention dropped the events of ${place.topic}, partition ${place.partition}, before offset ${place.lowOffset}. Reset to "earliest" to begin with what is left.`,
    { field, ...place },
  );

const clamp = (offset: number, head: number): number => Math.max(0, Math.min(offset, head));

function chosenOffsets(
  offsets: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
  }[],
  spans: readonly PartitionSpan[],
): [PartitionSpan[], number[]] {
  const chosen = offsets.map((one, index) => {
    const span = spans.find((each) => each.topic === one.topic && each.partition === one.partition);
    if (span === undefined) {
      throw new EngineError(
        'invalid-request',
        `The subscription does not read partition ${one.partition} of topic ${one.topic}.`,
        { field: `to.offsets[${index}]` },
      );
    }
    if (one.offset < span.low) {
      const { topic, partition, low: lowOffset } = span;
      throw outOfRange(`to.offsets[${index}]`, { topic, partition, lowOffset });
    }
    return span;
  });
  return [
    chosen,
    offsets.map((one, index) => clamp(one.offset, chosen[index]?.head ?? one.offset)),
  ];
}
