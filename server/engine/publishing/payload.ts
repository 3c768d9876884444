import { MAX_EVENT_BYTES, MAX_JSON_DEPTH } from '#contracts/event.ts';
import { type EventInput } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { invalid } from './envelope.ts';
import { JsonScan, jsonFaultError } from './json-guard.ts';

/** A payload as the log stores it; at most one of the two is not null. */
export type Payload = {
  readonly text: string | null;
  readonly binary: Buffer | null;
  readonly sizeBytes: number;
};

const NO_PAYLOAD: Payload = { text: null, binary: null, sizeBytes: 0 };

/** Text that was checked already passes as it is; a value is written as JSON and checked then. */
export function toPayload(payload: EventInput['payload'], prefix: string): Payload {
  switch (payload.kind) {
    case 'none':
      return NO_PAYLOAD;
    case 'json-text':
      return jsonPayload(payload.text);
    case 'json':
      return payload.value === undefined
        ? NO_PAYLOAD
        : jsonPayload(writeJson(payload.value, prefix));
    case 'binary':
      return { text: null, binary: payload.bytes, sizeBytes: payload.bytes.length };
    default:
      return payload satisfies never;
  }
}

function jsonPayload(text: string): Payload {
  return { text, binary: null, sizeBytes: Buffer.byteLength(text) };
}

function writeJson(value: unknown, prefix: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    throw invalid(prefix, 'data', 'cannot be written as JSON');
  }
  if (text === undefined) throw invalid(prefix, 'data', 'cannot be written as JSON');
  const { fault } = new JsonScan(text, MAX_JSON_DEPTH);
  if (fault !== null)
    throw jsonFaultError(text, fault, { root: `${prefix}data`, maxDepth: MAX_JSON_DEPTH });
  return text;
}

/** The bound on one event: attributes and payload together. */
export function checkEventSize(sizeBytes: number, prefix: string): void {
  if (sizeBytes <= MAX_EVENT_BYTES) return;
  const name = prefix === '' ? 'the event' : prefix.slice(0, -1);
  throw new EngineError(
    'event-too-large',
    `${name} has ${sizeBytes} bytes; at most ${MAX_EVENT_BYTES} are stored`,
    { limitBytes: MAX_EVENT_BYTES, sizeBytes, ...(prefix === '' ? {} : { field: name }) },
  );
}
