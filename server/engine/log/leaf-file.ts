import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { z } from 'zod';

/*
 * A leaf as a file: HEADER_BYTES of JSON filled up with blanks and a line feed, then, compressed by zstd, the rows as Postgres's COPY
 * writes them as text, one a line, in the order of positions. `tail -c +4097 <file> | zstd -d` shows them.
 */
const LEAF_FILE_VERSION = 1;
const HEADER_BYTES = 4_096;
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
const LINE_FEED = 10;

const headerSchema = z.object({
  format: z.literal('weir-leaf'),
  version: z.literal(LEAF_FILE_VERSION),
  /** Positions `from` (included) to `to` (excluded). */
  from: z.number().int(),
  to: z.number().int(),
  rows: z.number().int(),
  columns: z.array(z.string()),
  /** Of the rows before compression. */
  textBytes: z.number().int(),
  textSha256: z.string(),
  /** Of what follows the header. */
  bodyBytes: z.number().int(),
  bodySha256: z.string(),
});
export type LeafHeader = z.infer<typeof headerSchema>;

type FileWork = {
  readonly signal: AbortSignal;
  /** Rows so far. */
  readonly onProgress: (rows: number) => void;
};

/** A file that is not what its header or the catalogue says. */
export class LeafFileError extends Error {
  override readonly name = 'LeafFileError';
}

export const leafFileName = (from: number, to: number): string =>
  `events-${String(from).padStart(15, '0')}-${String(to - 1).padStart(15, '0')}.weir-leaf`;

/**
 * Writes the rows beside the name, and under it only when all of them are on disk and were read back. A file under the name is therefore
 * whole; one that was cut off is written over.
 */
export async function writeLeafFile(
  folder: string,
  leaf: { readonly from: number; readonly to: number; readonly columns: readonly string[] },
  rows: Readable,
  work: FileWork,
): Promise<LeafHeader> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, leafFileName(leaf.from, leaf.to));
  const partial = `${path}.partial`;
  const file = await open(partial, 'w');
  try {
    const header = await writeAll(file, leaf, rows, work);
    await file.sync();
    await file.close();
    await readLeafFile(partial, header, work.signal);
    await rename(partial, path);
    await syncFolder(folder);
    return header;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
}

async function writeAll(
  file: FileHandle,
  leaf: { readonly from: number; readonly to: number; readonly columns: readonly string[] },
  rows: Readable,
  work: FileWork,
): Promise<LeafHeader> {
  const text = new Meter(work.onProgress);
  const body = new Meter();
  await file.write(Buffer.alloc(HEADER_BYTES));
  const write = (chunks: AsyncIterable<Uint8Array>) => file.writeFile(chunks);
  await pipeline(rows, text, createZstdCompress(COMPRESSION), body, write, {
    signal: work.signal,
  });
  const header: LeafHeader = {
    format: 'weir-leaf',
    version: LEAF_FILE_VERSION,
    from: leaf.from,
    to: leaf.to,
    rows: text.lines,
    columns: [...leaf.columns],
    textBytes: text.bytes,
    textSha256: text.digest(),
    bodyBytes: body.bytes,
    bodySha256: body.digest(),
  };
  const line = Buffer.from(JSON.stringify(header).padEnd(HEADER_BYTES - 1));
  await file.write(Buffer.concat([line, Buffer.from('\n')]), 0, HEADER_BYTES, 0);
  return header;
}

/** Reads the whole file and compares it with its header and with what is known of it. Throws LeafFileError. */
export async function verifyLeafFile(
  path: string,
  known: { readonly from: number; readonly to: number; readonly sha256: string },
  signal: AbortSignal,
): Promise<LeafHeader> {
  const header = await readHeader(path);
  if (header.from !== known.from || header.to !== known.to || header.bodySha256 !== known.sha256)
    throw new LeafFileError(`${path} is another archive than the one that is known.`);
  await readLeafFile(path, header, signal);
  return header;
}

/** The rows of a file, decompressed; verify it first. */
export const leafRows = (path: string): [Readable, Transform] => [
  createReadStream(path, { start: HEADER_BYTES }),
  createZstdDecompress(),
];

async function readHeader(path: string): Promise<LeafHeader> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw new LeafFileError(`${path} cannot be read.`, { cause: error });
  });
  try {
    const buffer = Buffer.alloc(HEADER_BYTES);
    await file.read(buffer, 0, HEADER_BYTES, 0);
    return headerSchema.parse(JSON.parse(buffer.toString('utf8')));
  } catch (error) {
    throw new LeafFileError(`${path} does not begin as an archived leaf does.`, { cause: error });
  } finally {
    await file.close();
  }
}

async function readLeafFile(path: string, header: LeafHeader, signal: AbortSignal): Promise<void> {
  const { size } = await stat(path);
  if (size !== HEADER_BYTES + header.bodyBytes)
    throw new LeafFileError(`${path} has ${size} bytes, not what its header says.`);
  const body = new Meter();
  const text = new Meter();
  const [source, decompress] = leafRows(path);
  try {
    await pipeline(source, body, decompress, text, drain, { signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new LeafFileError(`${path} cannot be decompressed.`, { cause: error });
  }
  const isSame =
    body.digest() === header.bodySha256 &&
    text.digest() === header.textSha256 &&
    text.lines === header.rows;
  if (!isSame) throw new LeafFileError(`${path} does not hold what its header says.`);
}

/** The end of a pipeline whose bytes were counted on their way. */
export async function drain(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of source) {
    // Nothing is kept.
  }
}

/** A rename is on disk when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Lets bytes through and knows how many there were, how many lines, and their digest. */
export class Meter extends Transform {
  bytes = 0;
  lines = 0;
  readonly #hash = createHash('sha256');
  readonly #onLines: (lines: number) => void;
  #digest: string | undefined;

  constructor(onLines: (lines: number) => void = () => undefined) {
    super();
    this.#onLines = onLines;
  }

  override _transform(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error: null, chunk: Buffer) => void,
  ): void {
    this.bytes += chunk.length;
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, at + 1))
      this.lines += 1;
    this.#hash.update(chunk);
    this.#onLines(this.lines);
    done(null, chunk);
  }

  /** Once, at the end, or again. */
  digest(): string {
    this.#digest ??= this.#hash.digest('hex');
    return this.#digest;
  }
}
