import { type EventReader } from '#server/engine/engine-parts.ts';
import { type LogRecord, storedEventJson } from '#server/engine/log/event-record.ts';
import { type Reply } from '../reply.ts';

export type ExportFormat = 'ndjson' | 'csv';

const MEDIA_TYPES: Record<ExportFormat, string> = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
};

/** The format an Accept header asks for, or null for a page of JSON. */
export function exportFormatOf(accept: string | undefined): ExportFormat | null {
  if (accept === undefined) return null;
  if (accept.includes('application/x-ndjson') || accept.includes('application/ndjson'))
    return 'ndjson';
  return accept.includes('text/csv') ? 'csv' : null;
}

/**
 * All matches as a download. One page of the log is read when the socket has taken the one before, and reading stops
 * when the client leaves. The first page is read before the answer begins, so that a bad query is still a problem document.
 */
export async function exportReply(
  reader: EventReader,
  query: Parameters<EventReader['scan']>[0],
  format: ExportFormat,
): Promise<Reply> {
  const abort = new AbortController();
  const pages = reader.scan(query, abort.signal)[Symbol.asyncIterator]();
  let next = await pages.next();
  let header = format === 'csv' ? CSV_HEADER : '';
  const write = format === 'csv' ? csvRow : ndjsonLine;
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        if (next.done === true) {
          if (header !== '') controller.enqueue(Buffer.from(header));
          controller.close();
          return;
        }
        controller.enqueue(Buffer.from(header + next.value.map(write).join('')));
        header = '';
        next = await pages.next();
      },
      cancel: async () => {
        abort.abort();
        await pages.return?.();
      },
    },
    { highWaterMark: 1 },
  );
  const headers = {
    'content-type': MEDIA_TYPES[format],
    'content-disposition': `attachment; filename="events.${format}"`,
  };
  return { status: 200, body, headers };
}

/** JSON as stored may span lines between its tokens; within strings a line break is always escaped. */
export function onOneLine(json: string): string {
  return /[\r\n]/.test(json) ? json.replaceAll(/[\r\n]+/g, ' ') : json;
}

const ndjsonLine = (record: LogRecord) => `${onOneLine(storedEventJson(record))}\n`;

const CSV_COLUMNS = [
  'position',
  'topic',
  'partition',
  'offset',
  'time',
  'recordedAt',
  'id',
  'source',
  'type',
  'subject',
  'key',
  'stream',
  'version',
  'correlationid',
  'causationid',
  'extensions',
  'data',
] as const;
const CSV_HEADER = `${CSV_COLUMNS.join(',')}\r\n`;

function csvRow(record: LogRecord): string {
  const values = [
    record.position,
    record.topic,
    record.partition,
    record.offset,
    record.time,
    record.recordedAt,
    record.id,
    record.source,
    record.type,
    record.subject,
    record.key,
    record.streamId,
    record.version,
    record.correlationId,
    record.causationId,
    record.extensions === null ? null : JSON.stringify(record.extensions),
    record.dataText === null ? (record.dataBinary?.toString('base64') ?? null) : record.dataText,
  ];
  return `${values.map(csvValue).join(',')}\r\n`;
}

function csvValue(value: string | number | null): string {
  if (value === null) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
