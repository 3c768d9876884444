import { ApiClient } from './api-client.ts';
import { type JournalEntry, type Received } from './journal.ts';
import { JournalFolder } from './journal-folder.ts';
import { Producer } from './producer.ts';
import { PullConsumer, type PullConsumerOptions } from './pull-consumer.ts';
import { seededRandom } from './seeded-random.ts';
import { ServerProcess } from './server-process.ts';

const TOPIC = 'history';
const PARTITIONS = 4;
const KEYS = 64;
const BATCH = 200;

/** A server with a fixed history and as many journalling consumers as a test wants. */
export class Workbench {
  readonly server: ServerProcess;
  readonly api: ApiClient;
  readonly journals = new JournalFolder();
  readonly #consumers: PullConsumer[] = [];

  static async start(): Promise<Workbench> {
    const bench = new Workbench(await ServerProcess.start());
    await bench.api.putTopic(TOPIC, PARTITIONS);
    return bench;
  }

  private constructor(server: ServerProcess) {
    this.server = server;
    this.api = new ApiClient(server.url);
  }

  /** Resolves when so many events are acknowledged. */
  async publish(events: number): Promise<void> {
    const producer = new Producer({
      name: 'producer',
      url: this.server.url,
      topic: TOPIC,
      keys: Array.from({ length: KEYS }, (_, index) => `key-${index}`),
      journal: await this.journals.open('producer'),
      random: seededRandom(1),
      limit: events,
      maxBatch: BATCH,
      pauseMaxMs: 0,
    });
    producer.start();
    await producer.finished();
  }

  /** A pull subscription with the given settings, and its consumer at work. */
  async consume(
    subscription: string,
    settings: Readonly<Record<string, unknown>> = {},
    refuses?: PullConsumerOptions['refuses'],
  ): Promise<PullConsumer> {
    await this.api.putSubscription(subscription, { filter: { topics: [TOPIC] }, ...settings });
    const consumer = new PullConsumer({
      subscription,
      url: this.server.url,
      journal: await this.journals.open(subscription),
      ...(refuses && { refuses }),
    });
    consumer.start();
    this.#consumers.push(consumer);
    return consumer;
  }

  /** What the consumer of a subscription was given, in order. */
  received(subscription: string): readonly Received[] {
    return this.entriesOf(subscription).flatMap((entry) =>
      entry.step === 'received' ? entry.deliveries : [],
    );
  }

  entriesOf(client: string): readonly JournalEntry[] {
    return this.journals.read().filter((entry) => entry.client === client);
  }

  /** The published events, in the order of the log. */
  async history() {
    return (await this.api.log()).filter((event) => event.topic === TOPIC);
  }

  async remove(): Promise<void> {
    await Promise.allSettled(this.#consumers.map((consumer) => consumer.stop()));
    await this.server.remove();
    await this.journals.close(false);
  }
}
