import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal, type JournalEntry, journalEntrySchema } from './journal.ts';

const SUFFIX = '.jsonl';

/** The journals of all clients of one run, a file each. */
export class JournalFolder {
  readonly #folder = mkdtempSync(join(tmpdir(), 'weir-journals-'));
  readonly #journals: Journal[] = [];

  async open(client: string): Promise<Journal> {
    const journal = await Journal.open(join(this.#folder, `${client}${SUFFIX}`), client);
    this.#journals.push(journal);
    return journal;
  }

  /** What is on disk; the entries of one client stay in their order. */
  read(): readonly JournalEntry[] {
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith(SUFFIX))
      .toSorted()
      .flatMap((name) => readFileSync(join(this.#folder, name), 'utf8').split('\n'))
      .filter((line) => line !== '')
      .map((line) => journalEntrySchema.parse(JSON.parse(line)));
  }

  /** `keep`: the files stay, for whoever looks into what went wrong. */
  async close(keep: boolean): Promise<void> {
    for (const journal of this.#journals) await journal.close();
    if (keep) process.stdout.write(`The journals are in ${this.#folder}\n`);
    else rmSync(this.#folder, { recursive: true, force: true });
  }
}
