import { type Anomaly } from './anomaly.ts';
import { ApiClient } from './api-client.ts';
import { checkOwnership, type Outage } from './check-ownership.ts';
import { checkHistory } from './checker.ts';
import { DeliveryWatch } from './delivery-watch.ts';
import { type JournalEntry } from './journal.ts';
import { JournalFolder } from './journal-folder.ts';
import { PostgresProcess } from './postgres-process.ts';
import { Producer, SOURCE } from './producer.ts';
import { PullConsumer } from './pull-consumer.ts';
import { seededRandom } from './seeded-random.ts';
import { type ServerOptions } from './server-launch.ts';
import { ServerProcess } from './server-process.ts';
import { until } from './until.ts';

const TOPIC = 'load';
const SUBSCRIPTION = 'all';
const PARTITIONS = 12;
const KEYS = 48;
const PRODUCERS = 6;
/** Longer than any server is away: what a zombie still counts as in flight must be fenced, and not merely be too late. */
const VISIBILITY_MS = 120_000;
/** So many deliveries of each partition may have to be made again, one at a time. */
const MAX_IN_FLIGHT = 100;
/** A consumer keeps what it has for so long, so that two that have the same at once are seen. */
const HOLDS_MAX_MS = 100;
const RECEIVE_MAX = 200;
const PAUSE_MAX_MS = 30;
/** A consumer hears what became of its acknowledgement even when the server stands still meanwhile. */
const SETTLED_WITHIN_MS = 30_000;
/** A server that stands still holds a producer up for no longer: the others are to have something to deliver. */
const ANSWER_WITHIN_MS = 1_000;

export type ClusterOptions = {
  readonly seed: number;
  readonly size: number;
  readonly server?: ServerOptions;
  /** For how long at most a consumer keeps what it has. */
  readonly holdsMaxMs?: number;
};

/**
 * Several servers on one database, under load. Producers send to all servers in turn; one subscription has a consumer at each server, and
 * the journals of the consumers tell which server delivered what.
 */
export class ClusterRun {
  readonly servers: readonly ServerProcess[];
  readonly random: () => number;
  readonly watch = new DeliveryWatch();
  readonly #journals = new JournalFolder();
  readonly #producers: Producer[] = [];
  readonly #consumers: PullConsumer[] = [];
  readonly #outages: Outage[] = [];

  /** Starts servers and load, lets `work` hurt them, and removes everything, whatever happened. */
  static async during<Result>(
    options: ClusterOptions,
    work: (run: ClusterRun) => Promise<Result>,
  ): Promise<Result> {
    const postgres = await PostgresProcess.start();
    const servers: ServerProcess[] = [];
    try {
      const server = { ...options.server, databaseUrl: await postgres.createDatabase() };
      const first = await ServerProcess.start(server);
      servers.push(first);
      await setUp(new ApiClient(first.url));
      while (servers.length < options.size) servers.push(await ServerProcess.start(server));
      const run = new ClusterRun(servers, options.seed);
      try {
        await run.#load(options.holdsMaxMs ?? HOLDS_MAX_MS);
        return await work(run);
      } finally {
        await run.#abandon();
      }
    } finally {
      for (const server of servers) await server.remove();
      await postgres.remove();
    }
  }

  private constructor(servers: readonly ServerProcess[], seed: number) {
    this.servers = servers;
    this.random = seededRandom(seed);
  }

  get #api(): ApiClient {
    return new ApiClient(this.#server(0).url);
  }

  async end(index: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#goesAway(index);
    await this.#server(index).end(signal);
  }

  async restart(index: number): Promise<void> {
    this.#server(index).restart();
    await this.#server(index).untilReady();
    this.#backAgain(index);
  }

  pause(index: number): void {
    this.#goesAway(index);
    this.#server(index).pause();
  }

  resume(index: number): void {
    this.#backAgain(index);
    this.#server(index).resume();
  }

  /** Every server owns as many partitions as the others. */
  async untilShared(withinMs: number): Promise<void> {
    const share = PARTITIONS / this.servers.length;
    await until('the servers share the partitions', withinMs, async () => {
      const byOwner = Map.groupBy(await this.#api.owners(SUBSCRIPTION), ([, owner]) => owner);
      const isEven = [...byOwner].every(([owner, own]) => owner !== null && own.length === share);
      return isEven && byOwner.size === this.servers.length ? true : undefined;
    });
  }

  /** They do, and each partition was delivered by its owner last. */
  async untilSpread(withinMs: number): Promise<void> {
    await this.untilShared(withinMs);
    await until('every server delivers its partitions', withinMs, async () => {
      const owners = [...(await this.#api.owners(SUBSCRIPTION))];
      const pairs = owners.map(([one, owner]) => `${owner} ${this.watch.serverOf(one)}`);
      const isServed = owners.every(([one]) => this.watch.serverOf(one) !== undefined);
      return isServed && new Set(pairs).size === this.servers.length ? true : undefined;
    });
  }

  /** What the servers wrote, warnings and errors. */
  get logs(): string {
    return this.servers.map((server, index) => `server ${index}:\n${server.log}`).join('\n');
  }

  /** No more is published, and what was is handled. */
  async drain(): Promise<void> {
    await Promise.all(this.#producers.map((producer) => producer.stop()));
    await this.#api.untilDrained(SUBSCRIPTION);
  }

  /** Publishes again after `drain`. */
  goOn(): void {
    for (const producer of this.#producers) producer.start();
  }

  /** After `drain`: everything that must not be in the history. */
  async check(): Promise<{ readonly anomalies: readonly Anomaly[]; readonly published: number }> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
    const entries = this.#journals.read();
    const log = await this.#api.log();
    const dead = (await this.#api.letters(SUBSCRIPTION)).map((letter) => letter.event.id);
    const consumers = [{ client: SUBSCRIPTION, topics: [TOPIC], dead }];
    const merged = asOneConsumer(entries);
    const published = log.filter((event) => event.source === SOURCE);
    return {
      published: published.length,
      anomalies: [
        ...checkHistory({ entries: merged, log, source: SOURCE, consumers }),
        ...checkOwnership({ entries, outages: this.#outages }),
      ],
    };
  }

  async #load(holdsMaxMs: number): Promise<void> {
    const keys = Array.from({ length: KEYS }, (_, index) => `key-${index}`);
    const [url = '', ...otherUrls] = this.servers.map((server) => server.url);
    for (let i = 0; i < PRODUCERS; i += 1) {
      const name = `producer-${i}`;
      this.#producers.push(
        new Producer({
          name,
          url,
          otherUrls,
          topic: TOPIC,
          keys: keys.filter((_, index) => index % PRODUCERS === i),
          journal: await this.#journals.open(name),
          random: seededRandom(Math.floor(this.random() * 2 ** 32)),
          pauseMaxMs: PAUSE_MAX_MS,
          answerWithinMs: ANSWER_WITHIN_MS,
        }),
      );
    }
    for (const [index, server] of this.servers.entries())
      this.#consumers.push(
        new PullConsumer({
          subscription: SUBSCRIPTION,
          url: server.url,
          journal: await this.#journals.open(clientAt(index)),
          receiveMax: RECEIVE_MAX,
          settledWithinMs: SETTLED_WITHIN_MS,
          holdsMs: () => this.random() * holdsMaxMs,
          onReceived: (deliveries) => this.watch.note(index, deliveries),
        }),
      );
    for (const client of [...this.#producers, ...this.#consumers]) client.start();
  }

  async #abandon(): Promise<void> {
    const clients = [...this.#producers, ...this.#consumers];
    await Promise.allSettled(clients.map((client) => client.abandon()));
    await this.#journals.close(false);
  }

  #server(index: number): ServerProcess {
    const server = this.servers[index];
    if (server === undefined) throw new Error(`There is no server ${index}.`);
    return server;
  }

  #goesAway(index: number): void {
    const outage = { client: clientAt(index), fromMs: Date.now(), toMs: Number.POSITIVE_INFINITY };
    this.#outages.push(outage);
  }

  #backAgain(index: number): void {
    const last = this.#outages.findLastIndex(({ client }) => client === clientAt(index));
    const outage = this.#outages[last];
    if (outage !== undefined) this.#outages[last] = { ...outage, toMs: Date.now() };
  }
}

async function setUp(api: ApiClient): Promise<void> {
  await api.putTopic(TOPIC, PARTITIONS);
  await api.putSubscription(SUBSCRIPTION, {
    filter: { topics: [TOPIC] },
    delivery: { kind: 'pull', visibilityMs: VISIBILITY_MS },
    maxInFlight: MAX_IN_FLIGHT,
  });
}

const clientAt = (index: number): string => `${SUBSCRIPTION} at server ${index}`;

/** In the order of time, as if one consumer had written it all down. */
function asOneConsumer(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  return entries
    .map((entry) =>
      entry.client.startsWith(SUBSCRIPTION) ? { ...entry, client: SUBSCRIPTION } : entry,
    )
    .toSorted((left, right) => left.atMs - right.atMs);
}
