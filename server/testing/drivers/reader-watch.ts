import { LOG_START, type LogClient, type LogCursor, type LoggedEvent } from './log-driver.ts';

const PAGE = 200;

/**
 * What one reader of the log was given, in small: which sequence numbers of which key, and how often it was given something
 * it should not have been given then. Some five bytes an event, so that it lasts through a night.
 */
export class ReaderWatch {
  readonly #keys = new Map<string, { seen: Uint8Array; highest: number; count: number }>();
  #position = 0;
  /** Events at a position at or below one that was given before. */
  regressions = 0;
  /** Events given again. */
  repetitions = 0;
  /** Events of a key given after a later one. */
  inversions = 0;
  events = 0;

  note({ key, sequence, position }: LoggedEvent): void {
    const known = this.#keys.get(key) ?? { seen: new Uint8Array(1_024), highest: -1, count: 0 };
    this.#keys.set(key, known);
    if (sequence >= known.seen.length) {
      const larger = new Uint8Array(Math.max(sequence + 1, known.seen.length * 2));
      larger.set(known.seen);
      known.seen = larger;
    }
    this.events += 1;
    if (position <= this.#position) this.regressions += 1;
    if (known.seen[sequence] === 1) this.repetitions += 1;
    else known.count += 1;
    if (sequence < known.highest) this.inversions += 1;
    known.seen[sequence] = 1;
    known.highest = Math.max(known.highest, sequence);
    this.#position = Math.max(this.#position, position);
  }

  /** How many of the first `written` events of each key it was not given. */
  missed(written: ReadonlyMap<string, number>): number {
    let missed = 0;
    for (const [key, count] of written) {
      const seen = this.#keys.get(key)?.seen ?? new Uint8Array();
      for (let sequence = 0; sequence < count; sequence += 1) if (seen[sequence] !== 1) missed += 1;
    }
    return missed;
  }
}

/** One reader that goes on from page to page. `stored`: from the table, never from memory. */
export class LogReader {
  readonly #client: LogClient;
  readonly #stored: boolean;
  readonly watch = new ReaderWatch();
  #cursor: LogCursor = LOG_START;

  constructor(client: LogClient, from: 'memory' | 'table') {
    this.#client = client;
    this.#stored = from === 'table';
  }

  /** Reads one page; answers how many events it held. */
  async read(): Promise<number> {
    const read = this.#stored
      ? await this.#client.readStored(this.#cursor, PAGE)
      : await this.#client.readAfter(this.#cursor, PAGE);
    for (const event of read.events) this.watch.note(event);
    this.#cursor = read.cursor;
    return read.events.length;
  }
}
