// RT-15 without a server around it: two processes on one log, clients that send and poll in turn while their connections are
// cut and processes come and go, and one checker for what they saw.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type StoredEvent } from '#contracts/event.ts';
import { DRIVER_SOURCE } from '#server/testing/drivers/driver-event.ts';
import { type LogProcess, openLogProcess } from '#server/testing/drivers/log-process.ts';
import { sabotageFunction } from '#server/testing/sabotage-function.ts';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';
import { type Anomaly, type AnomalyKind } from './anomaly.ts';
import { checkHistory } from './checker.ts';
import { type Fact, type JournalEntry, type Polled, type Produced } from './journal.ts';

/** Each on a log of its own: the checker holds a history in memory. */
const RUNS = Number(process.env['WEIR_SESSION_RUNS'] ?? '1');
const RUN_MS = 8_000;
const MUTANT_RUN_MS = 2_000;
const CLIENTS = 6;
const REQUEST_MAX = 4;
const PAGE = 100;
const NEW_SESSION_SHARE = 0.03;
const BACK_MAX = 1_000;
const PAUSE_MAX_MS = 4;
const CUT_EVERY_MS = 300;
const REPLACED_EVERY_MS = 1_500;
const RETRY_AFTER_MS = 20;
const TIMEOUT_MS = RUN_MS * 2 + 60_000;

let kit: TestDatabase;
/** The processes of now: a place keeps its name, who is there changes. */
const processes: LogProcess[] = [];
beforeEach(async () => {
  kit = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((process) => process.close()));
  await kit.drop();
});

/** One topic for each place: the mutants then fail by positions alone. */
const TOPICS = ['left', 'right'] as const;
const openProcess = () => openLogProcess(kit, TOPICS);

/** What the clients write down; who was told something that its own process did not show then. */
class History {
  readonly entries: JournalEntry[] = [];
  unseenOwn = 0;

  write(client: string, fact: Fact): void {
    this.entries.push({ client, atMs: Date.now(), ...fact });
  }
}

/** Sends and polls in turn, at one place. */
class Client {
  readonly #name: string;
  readonly #place: number;
  readonly #history: History;
  #requests = 0;
  #sequence = 0;
  #session = 1;
  #after = 0;

  constructor(index: number, history: History) {
    this.#name = `client-${index}`;
    this.#place = index % TOPICS.length;
    this.#history = history;
  }

  async run(until: number): Promise<void> {
    while (performance.now() < until) {
      if (Math.random() < 0.5) await this.#send();
      else await this.#poll();
      await sleep(Math.random() * PAUSE_MAX_MS);
    }
  }

  async #send(): Promise<void> {
    const size = 1 + Math.floor(Math.random() * REQUEST_MAX);
    const events = Array.from({ length: size }, (): Produced => {
      const sequence = this.#sequence;
      this.#sequence += 1;
      return { id: `${this.#name}-${sequence}`, type: 'sent', key: this.#name, sequence };
    });
    while (!(await this.#attempt(events))) await sleep(RETRY_AFTER_MS);
  }

  /** Whether the outcome is known. */
  async #attempt(events: readonly Produced[]): Promise<boolean> {
    this.#requests += 1;
    const request = `${this.#name}-${this.#requests}`;
    this.#history.write(this.#name, { step: 'publish.invoke', request, events: [...events] });
    const outcome = await processes[this.#place]?.send(TOPICS[this.#place] ?? '', events);
    if (outcome?.kind === 'ok') {
      const { receipts, isShown } = outcome;
      this.#history.write(this.#name, { step: 'publish.ok', request, receipts });
      if (!isShown) this.#history.unseenOwn += 1;
      return true;
    }
    const { kind = 'unknown', reason = '' } = outcome ?? {};
    this.#history.write(this.#name, { step: `publish.${kind}`, request, reason });
    return kind === 'fail';
  }

  async #poll(): Promise<void> {
    if (Math.random() < NEW_SESSION_SHARE) {
      this.#session += 1;
      this.#after = Math.max(0, this.#after - Math.floor(Math.random() * BACK_MAX));
    }
    const invokedAtMs = Date.now();
    const stored = await processes[this.#place]?.poll(this.#after, PAGE);
    if (stored === undefined) return;
    const events = stored
      .filter(({ source }) => source === DRIVER_SOURCE)
      .map(({ id, position }): Polled => ({ id, position }));
    const [session, after] = [String(this.#session), this.#after];
    // Another process may be a moment behind: none claims to know the end.
    const fact = { step: 'polled', session, invokedAtMs, after, isAtEnd: false, events } as const;
    this.#history.write(this.#name, fact);
    this.#after = events.reduce((last, { position }) => Math.max(last, position), after);
  }
}

/** A process that comes or goes is left in peace: how it starts without a database is not asked here. */
let isReplacing = false;

/** Cuts connections of the processes, mostly those that append. */
async function cut(until: number): Promise<number> {
  let cuts = 0;
  while (performance.now() < until) {
    await sleep(Math.random() * CUT_EVERY_MS);
    if (isReplacing) continue;
    const { rowCount } = await kit.database.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
          AND (application_name = 'weir-log' OR random() < 0.1)`,
    );
    cuts += rowCount ?? 0;
  }
  return cuts;
}

/** Ends the process of one place and puts a new one there, which has nothing in memory. */
async function replace(until: number): Promise<number> {
  let replaced = 0;
  for (;;) {
    await sleep(REPLACED_EVERY_MS);
    if (performance.now() > until) return replaced;
    isReplacing = true;
    const fresh = await openProcess();
    const [old] = processes.splice(replaced % TOPICS.length, 1, fresh);
    await old?.close();
    isReplacing = false;
    replaced += 1;
  }
}

async function run(runMs: number, faults: readonly ((until: number) => Promise<number>)[]) {
  for (const _ of TOPICS) processes.push(await openProcess());
  const history = new History();
  const until = performance.now() + runMs;
  const clients = Array.from({ length: CLIENTS }, (_, index) => new Client(index, history));
  const [struck] = await Promise.all([
    Promise.all(faults.map((fault) => fault(until))),
    Promise.all(clients.map((client) => client.run(until))),
  ]);
  const { entries, unseenOwn } = history;
  const log = await storedLog();
  const anomalies = checkHistory({ entries, log, source: DRIVER_SOURCE, consumers: [] });
  const count = (step: Fact['step']) => entries.filter((entry) => entry.step === step).length;
  const figures = {
    published: log.length,
    acknowledged: count('publish.ok'),
    unknown: count('publish.unknown'),
    polls: count('polled'),
    unseenOwn,
    struck,
    anomalies: anomalies.length,
  };
  return { anomalies, figures };
}

/** As a process that has nothing in memory reads it. */
async function storedLog() {
  const reader = await openProcess();
  processes.push(reader);
  const all: StoredEvent[] = [];
  for (let after = 0; ; ) {
    const page = (await reader.poll(after, PAGE)) ?? [];
    if (page.length === 0) return all;
    all.push(...page);
    after = page.at(-1)?.position ?? after;
  }
}

const kindsOf = (anomalies: readonly Anomaly[]): AnomalyKind[] => [
  ...new Set(anomalies.map(({ kind }) => kind)),
];

describe('clients that send and poll at two processes', () => {
  test.each(Array.from({ length: RUNS }, (_, index) => index + 1))(
    'see one log, whatever is cut or replaced meanwhile (run %i)',
    { timeout: TIMEOUT_MS },
    async () => {
      const { anomalies, figures } = await run(RUN_MS, [cut, replace]);

      process.stdout.write(`sessions: ${JSON.stringify(figures)}\n`);
      expect(anomalies.slice(0, 20)).toEqual([]);
      expect(figures.unseenOwn).toBe(0);
    },
  );

  test('would notice a position that is used twice', { timeout: TIMEOUT_MS }, async () => {
    await kit.database.pool.query('ALTER TABLE events DROP CONSTRAINT events_pkey');
    await withoutLock('1');

    const { anomalies, figures } = await run(MUTANT_RUN_MS, []);

    process.stdout.write(`positions used twice: ${JSON.stringify(figures)}\n`);
    expect(kindsOf(anomalies)).toContain('inconsistent-position');
  });

  test('would notice two commits that are swapped', { timeout: TIMEOUT_MS }, async () => {
    await kit.database.pool.query('CREATE SEQUENCE mutant_batches');
    await withoutLock('1');
    await sabotageFunction(kit.database, {
      name: 'append_batch',
      from: 'tail := coalesce(tail, v_base);',
      to: `tail := nextval('mutant_batches') * ${CLIENTS * REQUEST_MAX}; PERFORM pg_sleep(random() * 0.01);`,
    });

    const { anomalies, figures } = await run(MUTANT_RUN_MS, []);

    process.stdout.write(`commits swapped: ${JSON.stringify(figures)}\n`);
    expect(kindsOf(anomalies)).toContain('poll-skipped');
  });
});

const withoutLock = (instead: string) =>
  sabotageFunction(kit.database, {
    name: 'append_batch',
    from: 'pg_advisory_xact_lock(1163087698, p_shard)',
    to: instead,
  });
