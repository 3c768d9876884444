import { type EventInput } from '#server/engine/engine-parts.ts';
import { EngineError } from '#server/engine/errors.ts';
import { invalidRequest } from '../invalid-request.ts';
import { type ParsedJson } from '../read-body.ts';

type Envelope = Readonly<Record<string, unknown>>;

/** A parsed JSON body as events. The text of `data` is kept as sent where it can be told from the scan. */
export function jsonInputs(parsed: ParsedJson, batch: boolean): EventInput[] {
  const { value } = parsed;
  if (!batch) return [jsonInput(value, '', dataText(parsed, 0))];
  if (!Array.isArray(value)) throw new EngineError('invalid-request', 'a batch is a JSON array');
  return value.map((item: unknown, index) =>
    jsonInput(item, `events[${index}]`, dataText(parsed, index)),
  );
}

/** An event inside another body (an append), which was checked as a whole. */
export function eventInput(item: unknown, index: number): EventInput {
  return jsonInput(item, `events[${index}]`, null);
}

function jsonInput(item: unknown, path: string, text: string | null): EventInput {
  if (!isObject(item))
    throw invalidRequest(path === '' ? 'body' : path, 'is not an event: a JSON object is expected');
  if (hasValue(item['data_base64'])) {
    if (hasValue(item['data'])) throw invalidRequest(at(path, 'data_base64'), 'excludes data');
    return { attributes: item, payload: { kind: 'binary', bytes: fromBase64(item, path) } };
  }
  if (!Object.hasOwn(item, 'data')) return { attributes: item, payload: { kind: 'none' } };
  const value = item['data'];
  if (text === null) return { attributes: item, payload: { kind: 'json', value } };
  return { attributes: item, payload: { kind: 'json-text', text, value } };
}

function dataText({ scan, text }: ParsedJson, index: number): string | null {
  const span = scan.dataSpans[index] ?? null;
  return span === null ? null : text.slice(span.start, span.end).trim();
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function fromBase64(item: Envelope, path: string): Buffer {
  const text = item['data_base64'];
  if (typeof text !== 'string' || text.length % 4 !== 0 || !BASE64.test(text))
    throw invalidRequest(at(path, 'data_base64'), 'must be a string of padded base64');
  return Buffer.from(text, 'base64');
}

const REQUIRED = ['specversion', 'id', 'source', 'type'] as const;

/** What CloudEvents requires and Weir would otherwise fill: who says "CloudEvent" gets it checked. */
export function requireCloudEvent(input: EventInput, prefix: string): void {
  for (const name of REQUIRED)
    if (!hasValue(input.attributes[name]))
      throw invalidRequest(`${prefix}${name}`, 'is missing: a CloudEvent must have it');
}

const isObject = (value: unknown): value is Envelope =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const hasValue = (value: unknown) => value !== null && value !== undefined;
const at = (path: string, name: string) => (path === '' ? name : `${path}.${name}`);
