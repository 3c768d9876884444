import { randomUUID } from 'node:crypto';
import { type OutboxRow } from '#server/storage/outbox-rows.ts';

/** Names of the control-plane facts on `$system`. Subject is the thing's name or id; data holds what changed and `actor`. */
export type SystemEventType =
  | 'weir.topic.created'
  | 'weir.topic.changed'
  | 'weir.subscription.created'
  | 'weir.subscription.changed'
  | 'weir.subscription.removed'
  | 'weir.subscription.paused'
  | 'weir.subscription.resumed'
  | 'weir.subscription.reset'
  | 'weir.subscription.out-of-range'
  | 'weir.breaker.opened'
  | 'weir.breaker.half-opened'
  | 'weir.breaker.closed'
  | 'weir.letter.dead'
  | 'weir.letter.retried'
  | 'weir.letter.resolved'
  | 'weir.letter.discarded'
  | 'weir.letter-group.changed'
  | 'weir.operation.created'
  | 'weir.operation.paused'
  | 'weir.operation.resumed'
  | 'weir.operation.finished'
  | 'weir.leaf.archived'
  | 'weir.leaf.dropped'
  | 'weir.leaf.restored'
  | 'weir.scenario.started'
  | 'weir.scenario.stopped'
  | 'weir.scenario.changed';

export const SYSTEM_TOPIC = '$system';
export const SYSTEM_SOURCE = 'weir';

export type SystemEvent = {
  readonly type: SystemEventType;
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
};

/** The envelope as it is stored in the outbox beside the change it tells of. */
export function systemEnvelope(
  event: SystemEvent,
  id: string,
  time: string,
): Record<string, unknown> {
  return {
    id,
    source: SYSTEM_SOURCE,
    type: event.type,
    subject: event.subject,
    time,
    data: event.data,
  };
}

/** The fact as a row for the outbox of the transaction that makes it true. */
export function systemRow(event: SystemEvent, now: number): OutboxRow {
  const time = new Date(now).toISOString();
  return { topic: SYSTEM_TOPIC, streamId: null, event: systemEnvelope(event, randomUUID(), time) };
}
