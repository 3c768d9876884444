import { type BrokerParts, createBroker } from '#server/engine/broker/broker.ts';
import { type BrokerStore } from '#server/engine/broker/broker-store.ts';
import { type ConsumerDefinition } from '#server/engine/broker/consumer-definition.ts';
import { type Random } from '#server/engine/clock.ts';
import { type Publisher, type Topics } from '#server/engine/engine-parts.ts';
import { EngineError } from '#server/engine/errors.ts';
import { createTraffic } from '#server/engine/flows/traffic.ts';
import { eventMatcher } from '#server/engine/log/event-matcher.ts';
import { type LogRecord } from '#server/engine/log/event-record.ts';
import { silentLogger } from '#server/engine/logger.ts';
import { type SignalKind } from '#server/engine/nodes/node-signals.ts';
import { startAll, stopAll } from '#server/engine/service.ts';
import { type MemoryLog } from './memory-log.ts';
import { SimulatedLife } from './simulated-life.ts';
import { SimulatedLog } from './simulated-log.ts';
import { SimulatedNetwork } from './simulated-network.ts';
import { type VirtualScheduler } from './virtual-scheduler.ts';

export type SimulatedNodeDependencies = {
  readonly scheduler: VirtualScheduler;
  readonly random: Random;
  readonly log: MemoryLog;
  readonly store: BrokerStore;
  readonly topics: Topics;
  readonly nodeId: string;
  readonly definition: (life: SimulatedLife, incarnation: () => string) => ConsumerDefinition;
  /** After each statement of this process, while its answer is still on the way. */
  readonly onStatement: (by: SimulatedNode, statement: string) => void;
  /** Tells the others. */
  readonly send: (from: SimulatedNode, kind: SignalKind, about: number | null) => void;
  /** It has appended. */
  readonly onAppended: () => void;
  readonly spoilRead?: ((records: readonly LogRecord[]) => readonly LogRecord[]) | undefined;
};

/** One life of a server: the real broker over a network and a clock of its own. */
export class SimulatedNode {
  readonly life: SimulatedLife;
  readonly network: SimulatedNetwork;
  readonly log: SimulatedLog;
  readonly parts: BrokerParts;
  /** It was frozen, or its network failed, at any time. */
  isDisturbed = false;
  readonly #definition: ConsumerDefinition;
  readonly #incarnations = new Set<string>();
  readonly #listeners: {
    readonly kind: SignalKind;
    readonly hear: (about: number | null) => void;
  }[] = [];
  #isReady = false;

  constructor(deps: SimulatedNodeDependencies) {
    const { scheduler, random, topics, nodeId } = deps;
    this.life = new SimulatedLife(scheduler, random);
    this.network = new SimulatedNetwork(this.life, scheduler, random);
    this.log = new SimulatedLog(deps.log, {
      life: this.life,
      network: this.network,
      onAppended: deps.onAppended,
      spoilRead: deps.spoilRead,
    });
    this.#definition = deps.definition(this.life, () => this.incarnation);
    const { clock } = this.life;
    const store = this.network.reach(deps.store, (statement) => {
      this.#incarnations.add(this.incarnation);
      deps.onStatement(this, statement);
    });
    this.parts = createBroker({
      store,
      log: this.log,
      topics,
      publisher: noPublisher,
      reader: {
        matcher: eventMatcher,
        positionAt: () => Promise.reject(new Error('no times in a simulation')),
        get: () => Promise.reject(new Error('nobody reads in a simulation')),
      },
      traffic: createTraffic({ clock }),
      clock,
      random,
      logger: silentLogger,
      nodeId,
      wakeOutbox: () => undefined,
      signals: {
        name: 'signals',
        start: () => Promise.resolve(),
        stop: () => Promise.resolve(),
        send: (kind, about) => deps.send(this, kind, about ?? null),
        on: (kind, hear) => {
          this.#listeners.push({ kind, hear });
          return () => undefined;
        },
      },
    });
  }

  get incarnation(): string {
    return this.parts.nodes.membership.owner.incarnation;
  }

  /** Also under a name it had before it was thought dead. */
  isKnownAs(incarnation: string): boolean {
    return this.#incarnations.has(incarnation);
  }

  /** Another process sent it. */
  hear(kind: SignalKind, about: number | null): void {
    for (const listener of this.#listeners) if (listener.kind === kind) listener.hear(about);
  }

  /** Started, and neither dead nor frozen. */
  get isReady(): boolean {
    return this.#isReady && this.life.isUp;
  }

  async start(): Promise<void> {
    await startAll(this.parts.services.filter((service) => service.name !== 'consumer sampler'));
    await this.parts.broker.register(this.#definition);
    this.#isReady = true;
  }

  async stop(): Promise<void> {
    this.#isReady = false;
    await stopAll(this.parts.services);
    this.life.crash();
  }
}

const refuse = (): Promise<never> =>
  Promise.reject(
    new EngineError('unavailable', 'Handlers of a simulation publish through the outbox.'),
  );
const noPublisher: Publisher = { publish: refuse, appendToStream: refuse };
