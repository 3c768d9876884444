import { type Anomaly } from './anomaly.ts';
import { ApiClient } from './api-client.ts';
import { checkOwnership, type Outage } from './check-ownership.ts';
import { checkHistory } from './checker.ts';
import { CommitWatch, checkCommits } from './commit-watch.ts';
import { DeliveryWatch } from './delivery-watch.ts';
import { type JournalEntry } from './journal.ts';
import { JournalFolder } from './journal-folder.ts';
import { PostgresProcess } from './postgres-process.ts';
import { type HeldStatement, PostgresProxy } from './postgres-proxy.ts';
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
/** What was sent to a consumer that had given the answer up is with it until then. */
const STALLED_AFTER_MS = VISIBILITY_MS + 30_000;
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
const OFFSET_STORED = /^UPDATE subscription_partitions p SET committed/;

export type ClusterOptions = {
  readonly seed: number;
  readonly size: number;
  readonly server?: ServerOptions;
  /** For how long at most a consumer keeps what it has. */
  readonly holdsMaxMs?: number;
};

/** What the servers of a run stand on. */
type Ground = {
  readonly servers: readonly ServerProcess[];
  /** One before each server. */
  readonly proxies: readonly PostgresProxy[];
  readonly commits: CommitWatch;
};

/**
 * Several servers on one database, under load. Producers send to all servers in turn; one subscription has a consumer at each server, and
 * the journals of the consumers tell which server delivered what.
 */
export class ClusterRun {
  readonly servers: readonly ServerProcess[];
  readonly random: () => number;
  readonly watch = new DeliveryWatch();
  readonly commits: CommitWatch;
  readonly #proxies: readonly PostgresProxy[];
  readonly #journals = new JournalFolder();
  readonly #producers: Producer[] = [];
  readonly #consumers: PullConsumer[] = [];
  readonly #outages: Outage[] = [];
  /** The server that is asked how things are: one that was not away just now. */
  #asked = 0;

  /** Starts servers and load, lets `work` hurt them, and removes everything, whatever happened. */
  static async during<Result>(
    options: ClusterOptions,
    work: (run: ClusterRun) => Promise<Result>,
  ): Promise<Result> {
    const postgres = await PostgresProcess.start();
    const servers: ServerProcess[] = [];
    const proxies: PostgresProxy[] = [];
    let commits: CommitWatch | undefined;
    try {
      const databaseUrl = await postgres.createDatabase();
      const startServer = async (): Promise<ServerProcess> => {
        const proxy = await PostgresProxy.start(databaseUrl);
        proxies.push(proxy);
        const server = await ServerProcess.start({ ...options.server, databaseUrl: proxy.url });
        servers.push(server);
        return server;
      };
      await setUp(new ApiClient((await startServer()).url));
      commits = await CommitWatch.start(databaseUrl);
      while (servers.length < options.size) await startServer();
      const run = new ClusterRun({ servers, proxies, commits }, options.seed);
      try {
        await run.#load(options.holdsMaxMs ?? HOLDS_MAX_MS);
        return await work(run);
      } finally {
        await run.#abandon();
      }
    } finally {
      for (const server of servers) await server.remove();
      for (const proxy of proxies) await proxy.stop();
      await commits?.stop();
      await postgres.remove();
    }
  }

  private constructor({ servers, proxies, commits }: Ground, seed: number) {
    this.servers = servers;
    this.commits = commits;
    this.#proxies = proxies;
    this.random = seededRandom(seed);
  }

  get #api(): ApiClient {
    return new ApiClient(this.#server(this.#asked).url);
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

  /** Another had its partitions meanwhile, or else its life goes on as if nothing had been. */
  resume(index: number, { wasTaken = true } = {}): void {
    if (wasTaken) this.#backAgain(index);
    else this.#outages.pop();
    this.#server(index).resume();
  }

  /** The next offsets that this server stores wait on their way to Postgres until they are released. */
  holdOffsets(index: number): HeldStatement {
    const proxy = this.#proxies[index];
    if (proxy === undefined) throw new Error(`There is no server ${index}.`);
    return proxy.holdNext(OFFSET_STORED);
  }

  /** What this server delivers, and since which change of hands; without what is nobody's at the moment. */
  async leasesOf(index: number): Promise<ReadonlyMap<number, number>> {
    const partitions = this.watch.partitionsOf(index);
    const epochs = await this.commits.epochs();
    return new Map([...epochs].filter(([partition]) => partitions.includes(partition)));
  }

  /** How many of these partitions changed hands since. */
  async countTaken(leases: ReadonlyMap<number, number>): Promise<number> {
    const epochs = await this.commits.epochs();
    return [...leases].filter(([partition, epoch]) => (epochs.get(partition) ?? 0) > epoch).length;
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
      const owners = await this.#api.owners(SUBSCRIPTION);
      return this.watch.isByOwners(owners, this.servers.length) ? true : undefined;
    });
  }

  /** What the servers wrote, warnings and errors. */
  get logs(): string {
    return this.servers.map((server, index) => `server ${index}:\n${server.log}`).join('\n');
  }

  /** No more is published, and what was is handled. */
  async drain(): Promise<void> {
    await Promise.all(this.#producers.map((producer) => producer.stop()));
    await this.#api.untilDrained(SUBSCRIPTION, STALLED_AFTER_MS).catch(async (error: unknown) => {
      const state = await this.commits.describe();
      throw new Error(`${String(error)} ${state}\n${this.logs}`, { cause: error });
    });
  }

  /** Publishes again after `drain`. */
  goOn(): void {
    for (const producer of this.#producers) producer.start();
  }

  /** After `drain`: everything that must not be in the history. */
  async check() {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
    const entries = this.#journals.read();
    const log = await this.#api.log();
    const dead = (await this.#api.letters(SUBSCRIPTION)).map((letter) => letter.event.id);
    const consumers = [{ client: SUBSCRIPTION, topics: [TOPIC], dead }];
    const merged = asOneConsumer(entries);
    const published = log.filter((event) => event.source === SOURCE);
    const commits = await this.commits.commits();
    const anomalies: readonly Anomaly[] = [
      ...checkHistory({ entries: merged, log, source: SOURCE, consumers }),
      ...checkOwnership({ entries, outages: this.#outages }),
      ...checkCommits(commits, (backend) => this.#serverOf(backend)),
    ];
    return {
      published: published.length,
      deliveries: this.watch.total,
      repeated: this.watch.repeated,
      commits: commits.length,
      anomalies,
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
          onAcknowledged: (deliveryIds) => this.watch.acknowledged(deliveryIds),
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

  #serverOf(backend: number): number | undefined {
    const index = this.#proxies.findIndex(({ backends }) => backends.has(backend));
    return index < 0 ? undefined : index;
  }

  #goesAway(index: number): void {
    if (this.#asked === index) this.#asked = (index + 1) % this.servers.length;
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
