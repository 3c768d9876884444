import { type Fault, type Scenario, type ScenarioSettings } from '#contracts/scenario.ts';
import { topicSettingsSchema } from '#contracts/topic.ts';
import { LOCAL_OPERATOR } from '#server/engine/engine-parts.ts';
import { EngineError } from '#server/engine/errors.ts';
import { type StoredScenario } from '#server/engine/scenario-store.ts';
import { producerContext } from './producer-context.ts';
import { ProducerLoop } from './producer-loop.ts';
import { type ScenarioDefinition } from './scenario.ts';
import { type ScenariosDependencies } from './scenarios-dependencies.ts';

const SAVE_EVERY_MS = 5_000;

/** One scenario: its topics, consumers and producer while it runs, and its settings while it does not. */
export class ScenarioRunner {
  readonly #deps: ScenariosDependencies;
  readonly #definition: ScenarioDefinition;
  #ratePerSecond: number;
  #faults: Readonly<Record<string, Fault>>;
  #startedAt: string | null = null;
  /** Saved, and not yet saved. */
  #published = { saved: 0, fresh: 0 };
  #sequence = 0;
  #running: { readonly loop: ProducerLoop; readonly saving: Promise<void> } | null = null;
  #halted = new AbortController();
  /** Set while this process is the one that produces. */
  #takingOver: Promise<void> | null = null;

  constructor(deps: ScenariosDependencies, definition: ScenarioDefinition) {
    this.#deps = deps;
    this.#definition = definition;
    this.#ratePerSecond = definition.rate.default;
    this.#faults = definition.defaultFaults;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  view(): Scenario {
    const { name, title, description, teaches, rate, consumers, topics } = this.#definition;
    return {
      name,
      title,
      description,
      teaches: [...teaches],
      state: this.isRunning ? 'running' : 'stopped',
      ratePerSecond: this.#ratePerSecond,
      minRatePerSecond: rate.min,
      maxRatePerSecond: rate.max,
      rateUnit: rate.unit,
      faults: { ...this.#faults },
      consumers: consumers.map((consumer) => ({
        name: consumer.name,
        description: consumer.description,
      })),
      topics: topics.map((topic) => topic.name),
      published: this.#published.saved + this.#published.fresh,
      startedAt: this.#startedAt,
    };
  }

  /** Takes over what another process stored of it while it runs. */
  follow(row: StoredScenario): void {
    const before = this.#ratePerSecond;
    this.restore(row);
    if (this.#ratePerSecond !== before) this.#running?.loop.setRate(this.#ratePerSecond);
    if (this.isRunning) this.#deps.engine.broker.setFaults(this.#faults);
  }

  /** Takes over what is stored of it. */
  restore(row: StoredScenario): void {
    this.#ratePerSecond = row.ratePerSecond;
    this.#faults = row.faults;
    this.#startedAt = row.startedAt;
    this.#published = { ...this.#published, saved: row.published };
    if (!this.isRunning) this.#sequence = row.published;
  }

  async run(): Promise<void> {
    const { engine, clock, logger } = this.#deps;
    const { name, topics, consumers } = this.#definition;
    for (const topic of topics) {
      if (engine.topics.find(topic.name) !== undefined) continue;
      const settings = topicSettingsSchema.parse({ partitions: topic.partitions });
      await engine.topics.put(topic.name, settings, LOCAL_OPERATOR);
    }
    engine.broker.setFaults(this.#faults);
    for (const consumer of consumers) await engine.broker.register(consumer, { scenario: name });
    const produce = () => this.#produce();
    const loop = new ProducerLoop({ clock, logger, produce }, this.#ratePerSecond);
    this.#halted = new AbortController();
    this.#running = { loop, saving: this.#keepSaving(this.#halted.signal) };
    loop.start();
    logger.info({ scenario: name, ratePerSecond: this.#ratePerSecond }, 'scenario started');
  }

  /** Stops the producer first, so that consumers are given what was already said. */
  async halt(): Promise<void> {
    const { engine, logger } = this.#deps;
    const { name, consumers } = this.#definition;
    await this.#running?.loop.stop();
    this.#halted.abort();
    await this.#running?.saving;
    this.#running = null;
    await Promise.all(consumers.map((consumer) => engine.broker.unregister(consumer.name)));
    logger.info({ scenario: name }, 'scenario stopped');
  }

  /** Throws invalid-request, naming the field, for a rate out of bounds or a consumer that is not of this scenario. */
  apply(settings: ScenarioSettings): void {
    const { rate, consumers } = this.#definition;
    const { ratePerSecond = this.#ratePerSecond, faults = {} } = settings;
    if (ratePerSecond < rate.min || ratePerSecond > rate.max)
      throw new EngineError(
        'invalid-request',
        `ratePerSecond must be from ${rate.min} to ${rate.max} ${rate.unit}.`,
        { field: 'ratePerSecond' },
      );
    const stranger = Object.keys(faults).find(
      (name) => !consumers.some((one) => one.name === name),
    );
    if (stranger !== undefined)
      throw new EngineError(
        'invalid-request',
        `${stranger} is not a consumer of ${this.#definition.name}.`,
        { field: `faults.${stranger}` },
      );
    this.#ratePerSecond = ratePerSecond;
    this.#faults = { ...this.#faults, ...faults };
    this.#running?.loop.setRate(ratePerSecond);
    if (this.isRunning) this.#deps.engine.broker.setFaults(this.#faults);
  }

  async #produce(): Promise<void> {
    const { clock, random, engine } = this.#deps;
    const { name } = this.#definition;
    if (!engine.scenarioStore.isProducer(name)) {
      this.#takingOver = null;
      return;
    }
    this.#takingOver ??= this.#takeOver();
    await this.#takingOver;
    const sequence = this.#sequence;
    this.#sequence += 1;
    await this.#definition.produce(
      producerContext({ publisher: engine.publisher, clock, random, sequence }),
    );
    this.#published = { ...this.#published, fresh: this.#published.fresh + 1 };
  }

  /** Another process may have produced until now: the count goes on from what it saved. */
  async #takeOver(): Promise<void> {
    const rows = await this.#deps.engine.scenarioStore.list().catch(() => []);
    const row = rows.find(({ name }) => name === this.#definition.name);
    this.#sequence = Math.max(this.#sequence, row?.published ?? 0);
  }

  async #keepSaving(halted: AbortSignal): Promise<void> {
    const { clock, logger } = this.#deps;
    while (!halted.aborted) {
      await clock.sleep(SAVE_EVERY_MS, halted);
      await this.#savePublished().catch((error: unknown) =>
        logger.warn({ err: error }, 'could not save how much a scenario published'),
      );
    }
  }

  async #savePublished(): Promise<void> {
    const count = this.#published.fresh;
    if (count === 0) return;
    await this.#deps.engine.scenarioStore.addPublished(this.#definition.name, count);
    const { saved, fresh } = this.#published;
    this.#published = { saved: saved + count, fresh: fresh - count };
  }
}
