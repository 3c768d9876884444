import { setTimeout as sleep } from 'node:timers/promises';
import { type Anomaly } from './anomaly.ts';
import { ApiClient } from './api-client.ts';
import { checkHistory } from './checker.ts';
import { type JournalEntry } from './journal.ts';
import { JournalFolder } from './journal-folder.ts';
import { LogReader } from './log-reader.ts';
import { Producer, SOURCE, TYPES } from './producer.ts';
import { PullConsumer, type PullConsumerOptions } from './pull-consumer.ts';
import { seededRandom } from './seeded-random.ts';
import { type ServerOptions } from './server-launch.ts';
import { ServerProcess } from './server-process.ts';

export const TOPIC = 'load';
const PARTITIONS = 8;
const KEYS = 32;
const PRODUCERS = 8;
const READERS = 2;
const ACKNOWLEDGED_WITHIN_MS = 60_000;
const VISIBILITY_MS = 5_000;
/** One sees all, the other half of the types. */
const CONSUMERS = [{ name: 'all' }, { name: 'half', types: [TYPES[0]] }] as const;

export type Load = {
  /** Lets something stand between the producers and the server. */
  readonly producerUrl?: string;
  /** Between two requests of a producer. */
  readonly pauseMaxMs?: number;
  /** Which deliveries the consumers refuse; none without it. */
  readonly refuses?: PullConsumerOptions['refuses'];
};

/** A server under load by journalling clients, and the history they leave. */
export class FaultRun {
  readonly server: ServerProcess;
  readonly api: ApiClient;
  readonly random: () => number;
  readonly #journals = new JournalFolder();
  #isSuspicious = false;
  readonly #producers: Producer[] = [];
  readonly #consumers: PullConsumer[] = [];
  readonly #readers: LogReader[] = [];

  /** Starts a server, lets `work` hurt it, and removes everything, whatever happened. */
  static async during<Result>(
    options: ServerOptions & { readonly seed: number },
    work: (run: FaultRun) => Promise<Result>,
  ): Promise<Result> {
    const run = await FaultRun.start(options.seed, options);
    try {
      return await work(run);
    } finally {
      await run.remove({ expectsAnomalies: options.repository !== undefined });
    }
  }

  static async start(seed: number, options: ServerOptions = {}): Promise<FaultRun> {
    const run = new FaultRun(await ServerProcess.start(options), seed);
    await run.api.putTopic(TOPIC, PARTITIONS);
    for (const { name, ...filter } of CONSUMERS)
      await run.api.putSubscription(name, {
        filter: { topics: [TOPIC], ...filter },
        delivery: { kind: 'pull', visibilityMs: VISIBILITY_MS },
        retry: { jitter: 0 },
      });
    return run;
  }

  private constructor(server: ServerProcess, seed: number) {
    this.server = server;
    this.api = new ApiClient(server.url);
    this.random = seededRandom(seed);
  }

  /** Puts the load on. */
  async load({ producerUrl = this.server.url, pauseMaxMs, refuses }: Load = {}): Promise<void> {
    const keys = Array.from({ length: KEYS }, (_, index) => `key-${index}`);
    for (let i = 0; i < PRODUCERS; i += 1) {
      const name = `producer-${i}`;
      this.#producers.push(
        new Producer({
          name,
          url: producerUrl,
          topic: TOPIC,
          keys: keys.filter((_, index) => index % PRODUCERS === i),
          journal: await this.#journals.open(name),
          random: this.#another(),
          ...(pauseMaxMs !== undefined && { pauseMaxMs }),
        }),
      );
    }
    for (const { name } of CONSUMERS)
      this.#consumers.push(
        new PullConsumer({
          subscription: name,
          url: this.server.url,
          journal: await this.#journals.open(name),
          ...(refuses && { refuses }),
        }),
      );
    for (let i = 0; i < READERS; i += 1) {
      const journal = await this.#journals.open(`reader-${i}`);
      const random = this.#another();
      this.#readers.push(new LogReader({ url: this.server.url, topic: TOPIC, journal, random }));
    }
    for (const client of this.#clients()) client.start();
  }

  /** How long from now until a publish that leaves from now on is acknowledged. Rejects when it takes longer than this. */
  async untilAcknowledged(withinMs = ACKNOWLEDGED_WITHIN_MS): Promise<number> {
    const nowMs = performance.now();
    const waiting = new AbortController();
    const tooLate = sleep(withinMs, undefined, { signal: waiting.signal }).then(() => {
      throw new Error(`No publish was acknowledged within ${withinMs} ms.`);
    });
    try {
      const acknowledged = this.#producers.map((producer) => producer.acknowledgedAfter(nowMs));
      return (await Promise.race([...acknowledged, tooLate])) - nowMs;
    } finally {
      tooLate.catch(() => undefined);
      waiting.abort();
    }
  }

  /** What a client wrote down so far. */
  entriesOf(client: string): readonly JournalEntry[] {
    return this.#journals.read().filter((entry) => entry.client === client);
  }

  /** Ends the load, waits until the consumers are through, and checks the history. */
  async finish(): Promise<HistoryReport> {
    await Promise.all(this.#producers.map((producer) => producer.stop()));
    for (const { name } of CONSUMERS) await this.api.untilDrained(name);
    await Promise.all([...this.#consumers, ...this.#readers].map((client) => client.stop()));
    return this.#check();
  }

  /** Journals with anomalies that nobody expects stay where they are. */
  async remove({ expectsAnomalies = false } = {}): Promise<void> {
    await Promise.allSettled(this.#clients().map((each) => each.abandon()));
    await this.server.remove();
    await this.#journals.close(this.#isSuspicious && !expectsAnomalies);
  }

  #clients(): readonly (Producer | PullConsumer | LogReader)[] {
    return [...this.#producers, ...this.#consumers, ...this.#readers];
  }

  /** For one client: what the others do does not change it. */
  #another(): () => number {
    return seededRandom(Math.floor(this.random() * 2 ** 32));
  }

  async #check(): Promise<HistoryReport> {
    const entries = this.#journals.read();
    const log = await this.api.log();
    const consumers = [];
    for (const { name, ...filter } of CONSUMERS) {
      const dead = (await this.api.letters(name)).map((letter) => letter.event.id);
      consumers.push({ client: name, topics: [TOPIC], dead, ...filter });
    }
    const count = (step: string) => entries.filter((entry) => entry.step === step).length;
    const anomalies = checkHistory({ entries, log, source: SOURCE, consumers });
    this.#isSuspicious = anomalies.length > 0;
    return {
      anomalies,
      published: log.filter((event) => event.source === SOURCE).length,
      acknowledgedRequests: count('publish.ok'),
      unknownRequests: count('publish.unknown'),
      polls: count('polled'),
      failures: countFailures(entries),
      acknowledgedDeliveries: this.#consumers.reduce((sum, each) => sum + each.acknowledged, 0),
      deliveredAgain: consumers.reduce(
        (sum, { client }) => sum + countAgain(entries.filter((entry) => entry.client === client)),
        0,
      ),
      dead: consumers.reduce((sum, consumer) => sum + consumer.dead.length, 0),
    };
  }
}

export type HistoryReport = {
  readonly anomalies: readonly Anomaly[];
  readonly published: number;
  readonly acknowledgedRequests: number;
  readonly unknownRequests: number;
  /** Pages of the log that were read on the way. */
  readonly polls: number;
  /** Why requests had no good answer: status and code, or the kind of error, and how often. */
  readonly failures: Readonly<Record<string, number>>;
  readonly acknowledgedDeliveries: number;
  /** Deliveries of an event that was acknowledged before: allowed, and to be kept few. */
  readonly deliveredAgain: number;
  readonly dead: number;
};

function countFailures(entries: readonly JournalEntry[]): Record<string, number> {
  const failures: Record<string, number> = {};
  for (const entry of entries) {
    if (entry.step !== 'publish.unknown' && entry.step !== 'settle.unknown') continue;
    const answered = /^(?<status>\d{3}) .*"code":"(?<code>[\w-]+)"/.exec(entry.reason);
    const { status, code } = answered?.groups ?? {};
    const reason = answered ? `${status} ${code}` : (entry.reason.split(':', 1)[0] ?? '');
    failures[reason] = (failures[reason] ?? 0) + 1;
  }
  return failures;
}

function countAgain(entries: readonly JournalEntry[]): number {
  const eventOf = new Map<string, string>();
  const acknowledged = new Set<string>();
  let again = 0;
  for (const entry of entries) {
    if (entry.step === 'received') {
      for (const { deliveryId, eventId } of entry.deliveries) eventOf.set(deliveryId, eventId);
      again += entry.deliveries.filter(({ eventId }) => acknowledged.has(eventId)).length;
    }
    if (entry.step === 'settle.ok' && entry.verdict === 'ack')
      for (const id of entry.acknowledged) acknowledged.add(eventOf.get(id) ?? id);
  }
  return again;
}
