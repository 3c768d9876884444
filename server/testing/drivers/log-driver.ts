/** An event of a test: `sequence` counts from 0 per key, in the order the key's events came to be. */
export type DriverEvent = {
  readonly id: string;
  readonly key: string;
  readonly sequence: number;
};

export type LoggedEvent = DriverEvent & { readonly position: number };

/** Where a reader stands. `xid` only matters to a log that is read in the order of transactions. */
export type LogCursor = { readonly position: number; readonly xid: string };
export const LOG_START: LogCursor = { position: 0, xid: '0' };

export type LogRead = { readonly events: readonly LoggedEvent[]; readonly cursor: LogCursor };

/** What a transaction of a user does besides writing events. */
export type TransactionPauses = {
  /** When it has written to another table and not yet to the log. */
  readonly afterFirstWrite?: () => Promise<void>;
  /** When it has written to the log. */
  readonly beforeCommit?: () => Promise<void>;
};

/**
 * A log as the tests of order see it: one process with connections of its own. Weir is one; the others are broken in a way
 * that was shipped by somebody, and are kept so that the tests can show that they would notice.
 */
export type LogClient = {
  /** Resolves when the events are durable, all of them at once. */
  append(events: readonly DriverEvent[]): Promise<void>;
  /** The events as part of a user's own transaction. */
  transact(events: readonly DriverEvent[], pauses?: TransactionPauses): Promise<void>;
  /** Throws VersionConflict when the stream does not have this version. */
  appendTo(stream: string, expectedVersion: number, event: DriverEvent): Promise<void>;
  /** What follows a cursor, as a consumer of this process is given it. */
  readAfter(cursor: LogCursor, limit: number): Promise<LogRead>;
  /** The same from the table, whatever the process has in memory. */
  readStored(cursor: LogCursor, limit: number): Promise<LogRead>;
  /** All events of a key, or of a stream, in the order a reader of it alone is given them. */
  readKey(key: string): Promise<readonly LoggedEvent[]>;
  readStream(stream: string): Promise<readonly LoggedEvent[]>;
  close(): Promise<void>;
};

export class VersionConflict extends Error {
  override readonly name = 'VersionConflict';
  readonly currentVersion: number;

  constructor(currentVersion: number) {
    super(`the stream is at version ${currentVersion}`);
    this.currentVersion = currentVersion;
  }
}

/** Everything a client has, page by page, until a page is empty. */
export async function readAll(client: LogClient): Promise<readonly LoggedEvent[]> {
  const all: LoggedEvent[] = [];
  for (let cursor = LOG_START; ; ) {
    const read = await client.readAfter(cursor, READ_ALL_PAGE);
    if (read.events.length === 0) return all;
    for (const event of read.events) all.push(event);
    cursor = read.cursor;
  }
}

const READ_ALL_PAGE = 500;
