import { MAX_BATCH_BYTES, MAX_EVENT_BYTES } from '#contracts/event.ts';
import { type EventInput } from '#server/engine/engine-parts.ts';
import { EngineError } from '#server/engine/errors.ts';
import { invalidRequest } from '../invalid-request.ts';
import { type BodyLimit, parseJson, readBody, tooLarge, toText } from '../read-body.ts';
import { type ApiContext, headerOf, headersWithPrefix, mediaTypeOf } from '../request.ts';
import { binaryInput } from './binary-mode.ts';
import { jsonInputs, requireCloudEvent } from './json-mode.ts';

export type PublishRequest = { readonly inputs: readonly EventInput[]; readonly batch: boolean };

const EVENT_BODY: BodyLimit = { bytes: MAX_EVENT_BYTES, code: 'event-too-large' };
const BATCH_BODY: BodyLimit = { bytes: MAX_BATCH_BYTES, code: 'batch-too-large' };

/**
 * The events of a publish in any of its modes: structured, batched, binary (CloudEvents 1.0 over HTTP), or plain JSON.
 * CloudEvents modes demand the required attributes; plain JSON may leave all but `type` out.
 */
export async function readPublishRequest(c: ApiContext): Promise<PublishRequest> {
  const contentType = headerOf(c, 'content-type');
  switch (mediaTypeOf(contentType)) {
    case 'application/cloudevents+json':
      return readStructured(c);
    case 'application/cloudevents-batch+json':
      return readBatch(c);
    case 'application/json':
      return isBinary(c) ? readBinary(c, contentType) : readPlain(c);
    default:
      if (isBinary(c)) return readBinary(c, contentType);
      throw new EngineError(
        'unsupported-media-type',
        'send application/cloudevents+json, application/cloudevents-batch+json, application/json, or ce-* headers with any type',
        { field: 'content-type' },
      );
  }
}

const isBinary = (c: ApiContext) =>
  headerOf(c, 'ce-specversion') !== undefined ||
  headerOf(c, 'ce-type') !== undefined ||
  headerOf(c, 'ce-id') !== undefined;

async function readStructured(c: ApiContext): Promise<PublishRequest> {
  const parsed = parseJson(toText(await readBody(c, EVENT_BODY)), '', 1);
  const inputs = withIdempotencyKey(c, jsonInputs(parsed, false));
  for (const input of inputs) requireCloudEvent(input, '');
  return { inputs, batch: false };
}

async function readBatch(c: ApiContext): Promise<PublishRequest> {
  const parsed = parseJson(toText(await readBody(c, BATCH_BODY)), '', 2);
  const inputs = jsonInputs(parsed, true);
  inputs.forEach((input, index) => requireCloudEvent(input, `events[${index}].`));
  return { inputs, batch: true };
}

async function readBinary(c: ApiContext, contentType: string | undefined): Promise<PublishRequest> {
  const body = await readBody(c, EVENT_BODY);
  const input = binaryInput(headersWithPrefix(c, 'ce-'), contentType, body);
  const inputs = withIdempotencyKey(c, [input]);
  for (const each of inputs) requireCloudEvent(each, '');
  return { inputs, batch: false };
}

async function readPlain(c: ApiContext): Promise<PublishRequest> {
  const bytes = await readBody(c, BATCH_BODY);
  const text = toText(bytes);
  const batch = /^\s*\[/.test(text);
  if (!batch && bytes.length > MAX_EVENT_BYTES) throw tooLarge(EVENT_BODY);
  const inputs = jsonInputs(parseJson(text, '', batch ? 2 : 1), batch);
  return { inputs: batch ? inputs : withIdempotencyKey(c, inputs), batch };
}

/** On a single publish `Idempotency-Key` is another name of the event's id. */
function withIdempotencyKey(c: ApiContext, inputs: EventInput[]): EventInput[] {
  const header = headerOf(c, 'idempotency-key');
  const [input] = inputs;
  if (header === undefined || input === undefined) return inputs;
  const key = /^"(.*)"$/s.exec(header)?.[1] ?? header;
  const { id } = input.attributes;
  if (id !== undefined && id !== null) {
    if (id === key) return inputs;
    throw invalidRequest('Idempotency-Key', 'differs from the id of the event; give one of them');
  }
  return [{ ...input, attributes: { ...input.attributes, id: key } }];
}
