import { type EventsFrame, MAX_LIVE_DATA_BYTES } from '#contracts/live-feed.ts';
import { type LogRecord, storedEventJson } from '#server/engine/log/event-record.ts';

/** The objects around the text of one that waits. */
const OVERHEAD_BYTES = 100;

/**
 * An event on its way to clients: written once as it is sent, shared by all who see it. It holds that text and nothing
 * else, however long it waits: no payload that is cut, no parsed one, and no request that the payload was a part of.
 */
export class LiveItem {
  readonly position: number;
  readonly text: string;
  /** At most about 60 KB: the payload and the extensions are cut, and other attributes have a length of their own. */
  readonly sizeBytes: number;

  constructor(record: LogRecord) {
    const bytes = Buffer.from(textOf(record));
    this.position = record.position;
    // A string that was put together keeps its parts, and a part of a string keeps all of it: this one is decoded anew.
    this.text = bytes.toString();
    const isAscii = bytes.length === this.text.length;
    // One character outside Latin-1 makes each of them take two bytes.
    const heldBytes = isAscii ? bytes.length : Math.max(bytes.length, 2 * this.text.length);
    this.sizeBytes = heldBytes + OVERHEAD_BYTES;
  }
}

export type LiveFrame = Omit<EventsFrame, 'items'> & { readonly items: readonly LiveItem[] };

/** The EventsFrame as JSON. */
export function frameJson({ items, ...head }: LiveFrame): string {
  const texts = items.map(({ text }) => text).join(',');
  return `${JSON.stringify(head).slice(0, -1)},"items":[${texts}]}`;
}

function textOf(record: LogRecord): string {
  const hasLargeData = dataBytesOf(record) > MAX_LIVE_DATA_BYTES;
  const hasLargeExtensions =
    record.extensions !== null &&
    Buffer.byteLength(JSON.stringify(record.extensions)) > MAX_LIVE_DATA_BYTES;
  if (!hasLargeData && !hasLargeExtensions) return storedEventJson(record);
  const cut = storedEventJson({
    ...record,
    ...(hasLargeData ? { dataText: null, dataBinary: null } : {}),
    ...(hasLargeExtensions ? { extensions: null } : {}),
  });
  return `${cut.slice(0, -1)},"datatruncated":true}`;
}

function dataBytesOf(record: LogRecord): number {
  if (record.dataText !== null) return Buffer.byteLength(record.dataText);
  return record.dataBinary === null ? 0 : Math.ceil((record.dataBinary.length * 4) / 3);
}
