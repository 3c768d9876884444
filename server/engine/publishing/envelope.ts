import { MAX_ATTRIBUTE_LENGTH, MAX_EXTENSIONS, RESERVED_ATTRIBUTES } from '#contracts/event.ts';
import { EngineError } from '../errors.ts';
import { type ExtensionValue } from '../log/event-record.ts';
import { normaliseTime } from './event-time.ts';

/** Attributes that passed; null where none was given. `datacontenttype`, `dataschema` and `partitionkey` are among the extensions, as they are read. */
export type Envelope = {
  id: string | null;
  source: string | null;
  type: string;
  subject: string | null;
  time: string | null;
  partitionKey: string | null;
  correlationId: string | null;
  causationId: string | null;
  extensions: Record<string, ExtensionValue> | null;
  /** Characters of all attributes, for the size of the event. */
  length: number;
};

const EXTENSION_NAME = /^[a-z0-9]{1,64}$/;
const reserved = new Set<string>([...RESERVED_ATTRIBUTES, 'recordedAt', 'recordedat']);
const PAYLOAD_MEMBERS = new Set(['data', 'data_base64']);

/**
 * Checks the attributes of one event; `data` and `data_base64` among them are the payload's and passed over.
 * Throws invalid-request that names the field behind `prefix`. Null counts as not given, as in CloudEvents' JSON format.
 */
export function checkEnvelope(
  attributes: Readonly<Record<string, unknown>>,
  prefix: string,
): Envelope {
  const envelope: Envelope = {
    id: null,
    source: null,
    type: '',
    subject: null,
    time: null,
    partitionKey: null,
    correlationId: null,
    causationId: null,
    extensions: null,
    length: 0,
  };
  let extensions = 0;
  for (const name of Object.keys(attributes)) {
    const value = attributes[name];
    if (value === null || value === undefined || PAYLOAD_MEMBERS.has(name)) continue;
    envelope.length += name.length + (typeof value === 'string' ? value.length : 8);
    if (setCore(envelope, name, value, prefix)) continue;
    setExtension(envelope, name, value, prefix);
    extensions += 1;
    if (extensions > MAX_EXTENSIONS)
      throw invalid(prefix, name, `is one too many: an event has at most ${MAX_EXTENSIONS}`);
  }
  if (envelope.type === '') throw invalid(prefix, 'type', 'is missing');
  return envelope;
}

function setCore(envelope: Envelope, name: string, value: unknown, prefix: string): boolean {
  switch (name) {
    case 'specversion':
      if (value !== '1.0') throw invalid(prefix, name, 'must be "1.0"');
      return true;
    case 'id':
      envelope.id = checkText(name, value, prefix);
      return true;
    case 'source':
      envelope.source = checkText(name, value, prefix);
      return true;
    case 'type':
      envelope.type = checkText(name, value, prefix);
      return true;
    case 'subject':
      envelope.subject = checkText(name, value, prefix);
      return true;
    case 'correlationid':
      envelope.correlationId = checkText(name, value, prefix);
      return true;
    case 'causationid':
      envelope.causationId = checkText(name, value, prefix);
      return true;
    case 'time':
      envelope.time = checkTime(value, prefix);
      return true;
    default:
      return false;
  }
}

function setExtension(envelope: Envelope, name: string, value: unknown, prefix: string): void {
  if (reserved.has(name)) throw invalid(prefix, name, 'is set by Weir and cannot be sent');
  if (!EXTENSION_NAME.test(name)) {
    const shown = name.slice(0, 64);
    throw invalid(prefix, shown, 'is no attribute name: lowercase letters and digits, at most 64');
  }
  let checked: ExtensionValue;
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)))
    checked = value;
  else checked = checkText(name, value, prefix, isOptionalText(name));
  if (name === 'partitionkey') envelope.partitionKey = String(checked);
  envelope.extensions ??= {};
  envelope.extensions[name] = checked;
}

/** CloudEvents asks that its own attributes are not empty; an extension may be. */
const isOptionalText = (name: string) =>
  name !== 'datacontenttype' && name !== 'dataschema' && name !== 'partitionkey';

function checkText(name: string, value: unknown, prefix: string, mayBeEmpty = false): string {
  if (typeof value !== 'string') {
    const found = typeof value === 'object' ? 'an object or list' : `a ${typeof value}`;
    throw invalid(
      prefix,
      name,
      `must be a string, not ${found}; structured content belongs in data`,
    );
  }
  if (value.length === 0 && !mayBeEmpty) throw invalid(prefix, name, 'must not be empty');
  if (value.length > MAX_ATTRIBUTE_LENGTH)
    throw invalid(prefix, name, `is longer than ${MAX_ATTRIBUTE_LENGTH} characters`);
  if (value.includes('\u0000')) throw invalid(prefix, name, 'holds the character U+0000');
  if (!value.isWellFormed())
    throw invalid(prefix, name, 'holds half of a surrogate pair, which is not valid Unicode');
  return value;
}

function checkTime(value: unknown, prefix: string): string {
  const time = typeof value === 'string' ? normaliseTime(value) : null;
  if (time === null)
    throw invalid(prefix, 'time', 'must be an RFC 3339 time such as 2026-03-05T08:30:00.000Z');
  return time;
}

/** The refusal of one field; `prefix` is `events[i].` in a batch. */
export function invalid(prefix: string, name: string, problem: string): EngineError {
  const field = `${prefix}${name}`;
  return new EngineError('invalid-request', `${field} ${problem}`, { field });
}
