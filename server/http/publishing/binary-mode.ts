import { type EventInput } from '#server/engine/engine-parts.ts';
import { invalidRequest } from '../invalid-request.ts';
import { parseJson, toText } from '../read-body.ts';
import { mediaTypeOf } from '../request.ts';

const PAYLOAD_NAMES = new Set(['data', 'data_base64', 'datacontenttype']);

/** CloudEvents' binary mode: attributes in `ce-*` headers, the body is the data, its type the Content-Type. */
export function binaryInput(
  ceHeaders: ReadonlyMap<string, string>,
  contentType: string | undefined,
  body: Buffer,
): EventInput {
  const attributes: Record<string, unknown> = {};
  for (const [name, value] of ceHeaders) {
    if (PAYLOAD_NAMES.has(name))
      throw invalidRequest(`ce-${name}`, 'is not used: data is the body, its type Content-Type');
    if (name !== '__proto__') attributes[name] = decodeHeaderValue(value, `ce-${name}`);
  }
  const mediaType = mediaTypeOf(contentType);
  if (contentType !== undefined && mediaType !== '') attributes['datacontenttype'] = contentType;
  return { attributes, payload: payloadOf(mediaType, body) };
}

function payloadOf(mediaType: string, body: Buffer): EventInput['payload'] {
  if (body.length === 0) return { kind: 'none' };
  if (isJson(mediaType)) {
    const { text, value } = parseJson(toText(body), 'data');
    return { kind: 'json-text', text, value };
  }
  if (isText(mediaType)) return { kind: 'json', value: toText(body) };
  return { kind: 'binary', bytes: body };
}

export const isJson = (mediaType: string) =>
  mediaType === 'application/json' || mediaType === 'text/json' || mediaType.endsWith('+json');

const isText = (mediaType: string) =>
  mediaType.startsWith('text/') || mediaType === 'application/xml' || mediaType.endsWith('+xml');

const NON_ASCII = /[\u0080-\u00ff]/;

/** RFC 7230 quoting, then percent-encoding, once; headers that carry raw UTF-8 arrive as Latin-1 and are put right. */
export function decodeHeaderValue(header: string, field: string): string {
  let value = header;
  if (value.length > 1 && value.startsWith('"') && value.endsWith('"'))
    value = value.slice(1, -1).replaceAll(/\\(.)/gs, '$1');
  if (NON_ASCII.test(value)) {
    const raw = Buffer.from(value, 'latin1').toString('utf8');
    if (!raw.includes('\ufffd')) value = raw;
  }
  if (!value.includes('%')) return value;
  try {
    // A percent sign that begins no escape stands for itself.
    return decodeURIComponent(value.replaceAll(/%(?![0-9A-Fa-f]{2})/g, '%25'));
  } catch {
    throw invalidRequest(field, 'is not percent-encoded UTF-8');
  }
}
