import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { MAX_EVENT_BYTES, publishResponseSchema } from '#contracts/event.ts';
import { type EventInput, type Publisher } from '#server/engine/engine-parts.ts';
import { EngineError } from '#server/engine/errors.ts';
import { invalidRequest } from '../invalid-request.ts';
import { parseJson, readBody, toText } from '../read-body.ts';
import { json, type Reply } from '../reply.ts';
import { headerOf, mediaTypeOf } from '../request.ts';
import { type Router } from '../router.ts';

const GITHUB_TOPIC = 'github';
/** A form-encoded payload is longer on the wire than the event it carries, up to three times. */
const MAX_BODY_BYTES = 3 * MAX_EVENT_BYTES;
const EVENT_NAME = /^[a-z][a-z0-9_]{0,99}$/;

/** Takes webhooks as GitHub sends them: point a repository's webhook here and its events are logged. */
export function addGithubRoutes(
  router: Router,
  { publisher, secret }: { readonly publisher: Publisher; readonly secret: string | undefined },
): void {
  router.raw(
    {
      method: 'post',
      path: '/api/v1/ingest/github',
      tag: 'Publishing',
      summary: 'Receive a GitHub webhook',
      description:
        'Logged in topic `github` as `com.github.<event>[.<action>]`, keyed by repository; the delivery id is the event id. `X-Hub-Signature-256` is verified when a secret is set.',
      bodies: { 'application/json': z.looseObject({}) },
      answers: { 201: { description: 'Durably stored', schema: publishResponseSchema } },
    },
    async (c): Promise<Reply> => {
      const bytes = await readBody(c, { bytes: MAX_BODY_BYTES, code: 'event-too-large' });
      if (secret !== undefined) verifySignature(bytes, headerOf(c, 'x-hub-signature-256'), secret);
      const event = headerOf(c, 'x-github-event');
      if (event === undefined || !EVENT_NAME.test(event))
        throw invalidRequest('X-GitHub-Event', 'must name the event, such as push');
      const text = payloadText(bytes, mediaTypeOf(headerOf(c, 'content-type')));
      const input = toInput(event, headerOf(c, 'x-github-delivery'), text);
      const request = { topic: GITHUB_TOPIC, inputs: [input], batch: false };
      return json(201, { events: await publisher.publish(request) });
    },
  );
}

/** Over the bytes as they came, in constant time; a missing signature is as bad as a wrong one. */
function verifySignature(bytes: Buffer, header: string | undefined, secret: string): void {
  const expected = Buffer.from(
    `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`,
  );
  const given = Buffer.from(header ?? '');
  if (given.length === expected.length && timingSafeEqual(given, expected)) return;
  throw new EngineError(
    'signature-invalid',
    'X-Hub-Signature-256 does not match the body; check that both sides have the same secret',
    { field: 'X-Hub-Signature-256' },
  );
}

function payloadText(bytes: Buffer, mediaType: string): string {
  const text = toText(bytes);
  if (mediaType === 'application/json') return text;
  if (mediaType !== 'application/x-www-form-urlencoded')
    throw new EngineError(
      'unsupported-media-type',
      'GitHub sends application/json or application/x-www-form-urlencoded',
      { field: 'content-type' },
    );
  const payload = new URLSearchParams(text).get('payload');
  if (payload === null) throw invalidRequest('payload', 'is missing from the form');
  return payload;
}

const name = z.string().min(1).max(256);
/** The little that is read of a payload; whatever else it has is stored untouched. */
const payloadSchema = z.object({
  action: z
    .string()
    .regex(/^[a-z0-9_]{1,100}$/)
    .optional()
    .catch(undefined),
  repository: z.object({ full_name: name }).optional().catch(undefined),
  organization: z.object({ login: name }).optional().catch(undefined),
  sender: z.object({ login: name }).optional().catch(undefined),
});

function toInput(event: string, delivery: string | undefined, text: string): EventInput {
  const { value } = parseJson(text, 'payload');
  const payload = payloadSchema.safeParse(value);
  if (!payload.success) throw invalidRequest('payload', 'must be a JSON object');
  const { action, repository, organization, sender } = payload.data;
  const owner = repository?.full_name ?? organization?.login ?? sender?.login;
  const attributes: Record<string, unknown> = {
    type: action === undefined ? `com.github.${event}` : `com.github.${event}.${action}`,
    source: owner === undefined ? 'https://github.com' : `https://github.com/${owner}`,
    datacontenttype: 'application/json',
  };
  if (delivery !== undefined) attributes['id'] = delivery;
  if (owner !== undefined) {
    attributes['subject'] = owner;
    attributes['partitionkey'] = owner;
  }
  return { attributes, payload: { kind: 'json-text', text: text.trim(), value } };
}
