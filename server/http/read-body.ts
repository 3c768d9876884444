import { isUtf8 } from 'node:buffer';
import { type IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, type ZlibOptions } from 'node:zlib';
import { MAX_JSON_DEPTH } from '#contracts/event.ts';
import { EngineError } from '#server/engine/errors.ts';
import { JsonScan, jsonFaultError } from '#server/engine/publishing/json-guard.ts';
import { type ApiContext, headerOf } from './request.ts';

export type BodyLimit = {
  readonly bytes: number;
  readonly code: 'event-too-large' | 'batch-too-large';
};

type Inflate = (bytes: Buffer, options: ZlibOptions) => Promise<Buffer>;
const decoders = new Map<string, Inflate>([
  ['gzip', promisify<Buffer, ZlibOptions, Buffer>(gunzip)],
  ['x-gzip', promisify<Buffer, ZlibOptions, Buffer>(gunzip)],
  ['deflate', promisify<Buffer, ZlibOptions, Buffer>(inflate)],
  ['br', (bytes, { maxOutputLength = 0 }) => promisifiedBrotli(bytes, { maxOutputLength })],
]);
const promisifiedBrotli = promisify<Buffer, { maxOutputLength: number }, Buffer>(brotliDecompress);

/** The body's bytes, inflated; never more than the limit is held, on the wire or inflated. */
export async function readBody(c: ApiContext, limit: BodyLimit): Promise<Buffer> {
  const declared = Number(headerOf(c, 'content-length') ?? 0);
  if (declared > limit.bytes) throw tooLarge(limit);
  const incoming = c.env?.incoming;
  const bytes =
    incoming === undefined
      ? await readWebBody(c.req.raw, limit)
      : await readNodeBody(incoming, limit);
  const encoding = headerOf(c, 'content-encoding');
  return encoding === undefined ? bytes : decodeBody(bytes, encoding.trim().toLowerCase(), limit);
}

function readNodeBody(incoming: IncomingMessage, limit: BodyLimit): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (act: () => void) => {
      incoming.off('data', onData);
      incoming.off('end', onEnd);
      incoming.off('error', onBroken);
      incoming.off('close', onBroken);
      act();
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit.bytes) settle(() => reject(tooLarge(limit)));
      else chunks.push(chunk);
    };
    const onEnd = () => settle(() => resolve(joinChunks(chunks)));
    const onBroken = () =>
      settle(() => reject(new EngineError('invalid-request', 'the body ended early')));
    incoming.on('data', onData);
    incoming.on('end', onEnd);
    incoming.on('error', onBroken);
    incoming.on('close', onBroken);
  });
}

const joinChunks = (chunks: readonly Buffer[]): Buffer => {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
};

async function readWebBody(request: Request, limit: BodyLimit): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (request.body === null) return Buffer.alloc(0);
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > limit.bytes) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function decodeBody(bytes: Buffer, encoding: string, limit: BodyLimit): Promise<Buffer> {
  if (encoding === '' || encoding === 'identity') return bytes;
  const decoder = decoders.get(encoding);
  if (decoder === undefined)
    throw new EngineError(
      'unsupported-media-type',
      `content-encoding ${encoding.slice(0, 50)} is not supported: send gzip, deflate, br or none`,
      { field: 'content-encoding' },
    );
  try {
    return await decoder(bytes, { maxOutputLength: limit.bytes });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(limit);
    throw new EngineError('invalid-request', `the body is not ${encoding}`, {
      field: 'content-encoding',
    });
  }
}

export function tooLarge(limit: BodyLimit): EngineError {
  const what = limit.code === 'event-too-large' ? 'event' : 'batch';
  return new EngineError(limit.code, `the ${what} has more than ${limit.bytes} bytes`, {
    limitBytes: limit.bytes,
  });
}

export type ParsedJson = {
  readonly text: string;
  readonly value: unknown;
  readonly scan: JsonScan;
};

/** Text of bytes that must be UTF-8. */
export function toText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new EngineError('invalid-request', 'the body is not UTF-8');
  return bytes.toString('utf8');
}

/** Depth of the envelopes in a list of events. */
const BATCH_DEPTH = 2;

/** Parses JSON that was checked for what cannot be stored; `root` leads the path in refusals. */
export function parseJson(text: string, root = '', envelopeDepth = 0): ParsedJson {
  const scan = new JsonScan(text, MAX_JSON_DEPTH, envelopeDepth);
  if (scan.fault !== null)
    throw jsonFaultError(text, scan.fault, {
      root: envelopeDepth === BATCH_DEPTH ? 'events' : root,
      maxDepth: MAX_JSON_DEPTH,
    });
  try {
    const value: unknown = JSON.parse(text);
    return { text, value, scan };
  } catch (error) {
    const reason = error instanceof SyntaxError ? `: ${firstLine(error.message)}` : '';
    const what = root === '' ? 'the body' : root;
    throw new EngineError(
      'invalid-request',
      `${what} is not JSON${reason}`,
      root === '' ? {} : { field: root },
    );
  }
}

const MAX_REASON = 160;
const firstLine = (message: string) => (message.split('\n', 1)[0] ?? '').slice(0, MAX_REASON);
