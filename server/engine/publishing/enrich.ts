import { type Clock } from '../clock.ts';
import { type NewEvent } from '../log/event-record.ts';
import { type Envelope } from './envelope.ts';
import { type Payload } from './payload.ts';
import { uuidV7 } from './uuid-v7.ts';

/** The source of events whose producer names none. */
export const DEFAULT_SOURCE = '/api';

/** Fills what the producer left out: id (UUIDv7), source, time. Nothing is derived from the payload. */
export function enrich(envelope: Envelope, payload: Payload, clock: Clock): NewEvent {
  const now = clock.now();
  return {
    id: envelope.id ?? uuidV7(now),
    source: envelope.source ?? DEFAULT_SOURCE,
    type: envelope.type,
    subject: envelope.subject,
    time: envelope.time ?? new Date(now).toISOString(),
    partitionKey: envelope.partitionKey,
    correlationId: envelope.correlationId,
    causationId: envelope.causationId,
    extensions: envelope.extensions,
    dataText: payload.text,
    dataBinary: payload.binary,
    sizeBytes: envelope.length + payload.sizeBytes,
  };
}
