import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type PoolClient } from 'pg';
import { type Leaf } from '#contracts/leaf.ts';
import { type Database } from '#server/storage/database.ts';
import { LEAF_COLUMNS, readLeafRows, writeLeafRows } from '#server/storage/leaf-copy.ts';
import {
  attachLeaf,
  countNeeds,
  createLeafTable,
  indexLeaf,
  type LeafRow,
  leafTable,
  markArchived,
  selectLeafRow,
  selectLeafRows,
  selectLeafTable,
  selectLeaves,
} from '#server/storage/leaf-rows.ts';
import { lowerLowMarks } from '#server/storage/low-mark-rows.ts';
import { insertOutbox } from '#server/storage/outbox-rows.ts';
import { type Clock } from '../clock.ts';
import { EngineError } from '../errors.ts';
import { type SystemEvent, systemRow } from '../system/system-events.ts';
import { finishDrop, startDrop } from './leaf-drop.ts';
import {
  drain,
  LeafFileError,
  type LeafHeader,
  leafFileName,
  leafRows,
  Meter,
  verifyLeafFile,
  writeLeafFile,
} from './leaf-file.ts';
import { lockShape, untilShapeIsFree } from './shape-lock.ts';
import { inTransaction, withUpkeep } from './upkeep.ts';

/** Retention has the lock for moments, another archive for as long as it takes. */
const LOCK_AGAIN_MS = 200;
/** Some 25 s: giving up means loading the leaf once more. */
const ATTACH_TRIES = 60;

type LeafArchiveDependencies = {
  readonly database: Database;
  readonly log: { refreshLowOffsets(): Promise<void>; tailPosition(): number };
  readonly clock: Clock;
  readonly wakeOutbox: () => void;
  /** Where files of leaves are; undefined: leaves cannot be archived. */
  readonly folder: string | undefined;
};

type Work = {
  readonly actor: string;
  readonly signal: AbortSignal;
  /** Rows so far. */
  readonly onProgress: (rows: number) => void;
};

/**
 * Takes leaves of the log to files and back. Promises: a leaf leaves the log only when its file was read back whole; one that comes back
 * equals, byte for byte of every column, what the file was made of; a process killed at any moment leaves the leaf or its file, and doing
 * the same again goes on from there.
 */
export class LeafArchive {
  readonly #deps: LeafArchiveDependencies;

  constructor(deps: LeafArchiveDependencies) {
    this.#deps = deps;
  }

  /** Oldest first; those ahead of the tail too. */
  async list(): Promise<readonly Leaf[]> {
    return (await selectLeafRows(this.#deps.database.pool)).map(toLeaf);
  }

  /** Refuses what cannot be done now: unknown-leaf, wrong-state, not-supported. */
  async check(from: number, what: 'archive' | 'drop' | 'restore'): Promise<Leaf> {
    if (this.#deps.folder === undefined)
      throw new EngineError('not-supported', 'This server has no folder for archives.');
    const { pool } = this.#deps.database;
    const leaf = await this.#find(from);
    if (what === 'restore') await refuseRestore(pool, leaf);
    else refuseArchive(leaf);
    if (what === 'drop') await refuseDrop(pool, leaf, this.#deps.log.tailPosition());
    return toLeaf(leaf);
  }

  /** Writes the file when there is none yet, reads it back, and then, when asked to, takes the leaf out of the log. */
  async archive(from: number, drop: boolean, work: Work): Promise<void> {
    await this.#exclusively(work.signal, async (client) => {
      const leaf = await this.#find(from);
      if (leaf.state === 'dropped' && drop) return;
      if (!leaf.isGoing) {
        await this.check(from, drop ? 'drop' : 'archive');
        await this.#keep(client, leaf, work);
        if (!drop) return;
        await startDrop(client, leaf, 'all');
      }
      const fact = { actor: work.actor, now: this.#deps.clock.now() };
      await finishDrop(client, await this.#find(from), fact);
    });
    await this.#changed();
  }

  /** Brings the rows back from the file, in one transaction. */
  async restore(from: number, work: Work): Promise<void> {
    await this.#exclusively(work.signal, async (client) => {
      const leaf = await this.#find(from);
      if (leaf.state === 'restored') return;
      await this.check(from, 'restore');
      const header = await this.#verify(leaf, work.signal);
      await inTransaction(client, async () => {
        await createLeafTable(client, from, leaf.to);
        await this.#load(client, leaf, header, work);
        await indexLeaf(client, from);
        await lowerLowMarks(client, leafTable(from));
        const { clock } = this.#deps;
        const again = { clock, tries: ATTACH_TRIES, signal: work.signal };
        await untilShapeIsFree(again, () => lockShape(client));
        await attachLeaf(client, from, leaf.to);
        const data = { from, to: leaf.to - 1, rows: header.rows, actor: work.actor };
        await this.#tell(client, { type: 'weir.leaf.restored', subject: String(from), data });
      });
    });
    await this.#changed();
  }

  async #keep(client: PoolClient, leaf: LeafRow, work: Work): Promise<void> {
    if (leaf.archiveFile !== null && (await this.#isWhole(leaf, work.signal))) return;
    const header = await writeLeafFile(
      this.#folder(),
      { from: leaf.from, to: leaf.to, columns: LEAF_COLUMNS },
      readLeafRows(client, leaf.from),
      work,
    );
    if (header.rows !== leaf.rows)
      throw new LeafFileError(
        `The leaf had ${leaf.rows} rows when it was sealed, and has ${header.rows} now.`,
      );
    const name = leafFileName(leaf.from, leaf.to);
    await inTransaction(client, async () => {
      const { bodySha256: sha256, bodyBytes: bytes } = header;
      await markArchived(client, leaf.from, { name, sha256, bytes });
      const data = {
        from: leaf.from,
        to: leaf.to - 1,
        rows: header.rows,
        file: name,
        sha256,
        bytes,
        actor: work.actor,
      };
      await this.#tell(client, { type: 'weir.leaf.archived', subject: String(leaf.from), data });
    });
  }

  async #load(client: PoolClient, leaf: LeafRow, header: LeafHeader, work: Work): Promise<void> {
    const meter = new Meter(work.onProgress);
    const table = writeLeafRows(client, leaf.from, header.columns);
    await pipeline([...leafRows(this.#path(leaf)), meter, table], { signal: work.signal });
    // What came in is what goes out again: every column as it was.
    const back = new Meter();
    await pipeline(readLeafRows(client, leaf.from), back, drain, { signal: work.signal });
    if (back.digest() !== header.textSha256)
      throw new LeafFileError('The rows that were restored are not those that were archived.');
  }

  async #isWhole(leaf: LeafRow, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#verify(leaf, signal);
      return true;
    } catch (error) {
      if (error instanceof LeafFileError) return false;
      throw error;
    }
  }

  #verify(leaf: LeafRow, signal: AbortSignal): Promise<LeafHeader> {
    const known = { from: leaf.from, to: leaf.to, sha256: leaf.archiveSha256 ?? '' };
    return verifyLeafFile(this.#path(leaf), known, signal);
  }

  async #exclusively(
    signal: AbortSignal,
    work: (client: PoolClient) => Promise<void>,
  ): Promise<void> {
    const { database, clock } = this.#deps;
    for (;;) {
      signal.throwIfAborted();
      const done = await withUpkeep(database, async (client) => {
        await work(client);
        return true;
      });
      if (done !== null) return;
      await clock.sleep(LOCK_AGAIN_MS, signal);
    }
  }

  async #changed(): Promise<void> {
    this.#deps.wakeOutbox();
    await this.#deps.log.refreshLowOffsets();
  }

  async #tell(tx: PoolClient, event: SystemEvent): Promise<void> {
    await insertOutbox(tx, [systemRow(event, this.#deps.clock.now())]);
  }

  async #find(from: number): Promise<LeafRow> {
    const leaf = await selectLeafRow(this.#deps.database.pool, from);
    if (leaf === null)
      throw new EngineError('unknown-leaf', `No leaf of the log begins at position ${from}.`, {
        from,
      });
    return leaf;
  }

  #folder(): string {
    return this.#deps.folder ?? '';
  }

  #path(leaf: LeafRow): string {
    return join(this.#folder(), leaf.archiveFile ?? leafFileName(leaf.from, leaf.to));
  }
}

const toLeaf = (row: LeafRow): Leaf => ({
  from: row.from,
  to: row.to - 1,
  state: row.state,
  rows: row.rows,
  bytes: row.bytes,
  minRecordedAt: row.minRecordedAt,
  maxRecordedAt: row.maxRecordedAt,
  archive:
    row.archiveFile === null
      ? null
      : { file: row.archiveFile, sha256: row.archiveSha256 ?? '', bytes: row.archiveBytes ?? 0 },
});

const wrongState = (leaf: LeafRow, why: string) =>
  new EngineError('wrong-state', `The leaf from position ${leaf.from} ${why}`, {
    state: leaf.state,
    from: leaf.from,
  });

function refuseArchive(leaf: LeafRow): void {
  if (leaf.state === 'hot')
    throw wrongState(leaf, 'is not sealed: it is written to, or lies ahead.');
  if (leaf.state === 'dropped') throw wrongState(leaf, 'is not in the log any more.');
}

async function refuseDrop(pool: Database['pool'], leaf: LeafRow, tail: number): Promise<void> {
  if (leaf.isGoing) return;
  const first = (await selectLeaves(pool))[0];
  if (first !== undefined && first.low < leaf.from)
    throw wrongState(
      leaf,
      `cannot go before the one from position ${first.low}: the log ends at its beginning.`,
    );
  if (leaf.to > tail) throw wrongState(leaf, 'holds the newest event.');
  const needs = await countNeeds(pool, leaf);
  if (needs.retries > 0)
    throw wrongState(leaf, `holds ${needs.retries} events that wait for a retry.`);
  if (needs.replays > 0) throw wrongState(leaf, 'is being replayed.');
}

async function refuseRestore(pool: Database['pool'], leaf: LeafRow): Promise<void> {
  if (leaf.state !== 'dropped' || leaf.isGoing) throw wrongState(leaf, 'is in the log.');
  if (leaf.archiveFile === null) throw wrongState(leaf, 'was dropped without an archive.');
  if ((await selectLeafTable(pool, leaf.from)) !== 'missing')
    throw wrongState(leaf, 'has a table that is not part of the log; remove it first.');
  const first = (await selectLeaves(pool))[0];
  if (first?.low !== leaf.to)
    throw wrongState(
      leaf,
      `does not border on the log, which begins at position ${first?.low ?? 0}: restore the leaves between first.`,
    );
}
