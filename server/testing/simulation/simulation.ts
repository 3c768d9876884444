import { type BrokerStore } from '#server/engine/broker/broker-store.ts';
import { type TopicInfo, type Topics } from '#server/engine/engine-parts.ts';
import { type LogRecord, type NewEvent } from '#server/engine/log/event-record.ts';
import { type SignalKind } from '#server/engine/nodes/node-signals.ts';
import { newEvent } from '../new-event.ts';
import { DeliveryHistory } from './delivery-history.ts';
import { createMemoryBrokerStore, type MemoryBrokerStore } from './memory-broker-store.ts';
import { MemoryLog } from './memory-log.ts';
import { type Tables } from './memory-tables.ts';
import { seededRandom } from './seeded-random.ts';
import { CONSUMER, SimulatedHandlers } from './simulated-handler.ts';
import { EPOCH_MS } from './simulated-life.ts';
import { SimulatedNode } from './simulated-node.ts';
import { SimulatedReplays } from './simulated-replays.ts';
import { type Plan, type PlannedCommand, type PlannedEvent } from './simulation-plan.ts';
import { VirtualScheduler } from './virtual-scheduler.ts';

/** After the last fault less and less is left to do, at least once in this time, until all is done: long plans leave much. */
const RESTS_WITHIN_MS = 180_000;
const LOOK_EVERY_MS = 500;
const START_AGAIN_MS = 500;
const WAKE_MS = 10;
const FIRST_START_MS = 5_000;

export type SimulationResult = {
  readonly violations: readonly string[];
  /** Of everything that happened. */
  readonly hash: string;
  readonly virtualMs: number;
  readonly steps: number;
};

/** What a mutant spoils. */
export type Sabotage = {
  readonly store?: (store: BrokerStore, tables: () => Tables) => BrokerStore;
  readonly read?: (records: readonly LogRecord[]) => readonly LogRecord[];
  readonly replayRange?: (range: { readonly from: number; readonly to: number }) => {
    readonly from: number;
    readonly to: number;
  };
};

/** Runs the plan to its end, heals everything, waits for rest, and says what was against the rules. The same plan gives the same result. */
export async function simulate(plan: Plan, sabotage: Sabotage = {}): Promise<SimulationResult> {
  const simulation = new Simulation(plan, sabotage);
  return simulation.run();
}

class Simulation {
  readonly #plan: Plan;
  readonly #sabotage: Sabotage;
  readonly #scheduler: VirtualScheduler;
  readonly #random: ReturnType<typeof seededRandom>;
  readonly #log: MemoryLog;
  readonly #memory: MemoryBrokerStore;
  readonly #store: BrokerStore;
  readonly #history: DeliveryHistory;
  readonly #handlers: SimulatedHandlers;
  readonly #replays: SimulatedReplays;
  readonly #topics: Topics;
  readonly #nodes: (SimulatedNode | null)[];
  #published: { readonly id: string; readonly event: PlannedEvent }[] = [];
  #wakesLostUntil = 0;
  #wakesDoubledUntil = 0;
  #isHealed = false;

  constructor(plan: Plan, sabotage: Sabotage) {
    this.#plan = plan;
    this.#sabotage = sabotage;
    this.#random = seededRandom(plan.seed);
    this.#scheduler = new VirtualScheduler(this.#random);
    const now = () => EPOCH_MS + this.#scheduler.nowMs;
    const topic = {
      id: 1,
      name: 'things',
      partitions: plan.partitions,
      durability: 'durable',
      maxBuffered: 1_000,
    } as const;
    this.#topics = fixedTopics([topic]);
    this.#log = new MemoryLog([topic], now);
    this.#memory = createMemoryBrokerStore({ log: this.#log, now });
    this.#store =
      sabotage.store?.(this.#memory.store, () => this.#memory.tables()) ?? this.#memory.store;
    this.#history = new DeliveryHistory(plan, {
      log: this.#log,
      tables: () => this.#memory.tables(),
    });
    this.#handlers = new SimulatedHandlers(plan, { log: this.#log, history: this.#history });
    this.#replays = new SimulatedReplays({
      log: this.#log,
      tables: () => this.#memory.tables(),
      now: () => this.#scheduler.nowMs,
      consumer: CONSUMER,
      spoil: sabotage.replayRange,
    });
    this.#nodes = Array.from({ length: plan.nodes }, () => null);
  }

  async run(): Promise<SimulationResult> {
    // One after the other: the first makes the subscription.
    for (let index = 0; index < this.#nodes.length; index += 1) {
      this.#startNode(index);
      await this.#scheduler.runUntil(
        FIRST_START_MS * (index + 1),
        () => this.#nodes[index]?.isReady === true,
      );
    }
    for (const { afterMs, command } of this.#plan.commands) {
      await this.#scheduler.runUntil(this.#scheduler.nowMs + afterMs);
      this.#history.note('command', command.type);
      this.#do(command);
    }
    await this.#comeToRest();
    this.#history.finish(this.#replays.finished());
    const { violations, hash } = this.#history;
    const { nowMs, steps } = this.#scheduler;
    for (const node of this.#nodes) node?.life.crash();
    return { violations, hash, virtualMs: nowMs, steps };
  }

  async #comeToRest(): Promise<void> {
    // Faults with an end come to it first.
    this.#isHealed = true;
    let until = this.#scheduler.nowMs + RESTS_WITHIN_MS;
    let least = Number.POSITIVE_INFINITY;
    for (;;) {
      for (const [index, node] of this.#nodes.entries()) {
        if (node === null || node.life.isDead) this.#startNode(index);
        else node.network.fault = { type: 'none' };
      }
      this.#resumeAll();
      await this.#scheduler.runUntil(this.#scheduler.nowMs + LOOK_EVERY_MS);
      const left = this.#left();
      if (left === null) return;
      const count = this.#countLeft();
      if (count < least) until = this.#scheduler.nowMs + RESTS_WITHIN_MS;
      least = Math.min(least, count);
      if (this.#scheduler.nowMs < until) continue;
      this.#history.liveness(left);
      return;
    }
  }

  /** What is not done yet; null when all is. */
  #left(): string | null {
    const { leases, cursors, claims, retries } = this.#memory.tables();
    const behind = leases.find((row) => row.committed < this.#log.head(row.topicId, row.partition));
    if (behind !== undefined) return `partition ${behind.partition} stands at ${behind.committed}`;
    const queue = cursors.find((row) => row.next < this.#log.head(row.topicId, row.partition));
    if (queue !== undefined) return `queue ${queue.partition} stands at ${queue.next}`;
    if (claims.length > 0) return `${claims.length} claims are open`;
    if (retries.length > 0) return `${retries.length} retries wait`;
    return this.#replays.left() > 0 ? `${this.#replays.left()} replays are not done` : null;
  }

  /** An event that failed moves from the log to the retries and counts on. */
  #countLeft(): number {
    const { leases, cursors, claims, retries } = this.#memory.tables();
    const behind = [
      ...leases.map((row) => this.#log.head(row.topicId, row.partition) - row.committed),
      ...cursors.map((row) => this.#log.head(row.topicId, row.partition) - row.next),
    ];
    const unread = behind.reduce((sum, count) => sum + Math.max(0, count), 0);
    return unread + claims.length + retries.length + this.#replays.left();
  }

  #startNode(index: number): void {
    const current = this.#nodes[index];
    if (current !== undefined && current !== null && !current.life.isDead) return;
    const node: SimulatedNode = new SimulatedNode({
      scheduler: this.#scheduler,
      random: this.#random,
      log: this.#log,
      store: this.#store,
      topics: this.#topics,
      nodeId: `node-${index}`,
      definition: (life, incarnation) => this.#handlers.definitionFor(life, incarnation),
      onStatement: (by, statement) => this.#history.look(by, statement),
      send: (from, kind, about) => this.#signal(from, kind, about),
      onAppended: () => this.#tellAll(),
      spoilRead: this.#sabotage.read,
    });
    this.#nodes[index] = node;
    node.start().then(
      () => this.#replays.serve(node),
      () => {
        this.#kill(node);
        this.#scheduler.after(START_AGAIN_MS, () => this.#startNode(index));
      },
    );
  }

  #kill(node: SimulatedNode): void {
    node.life.crash();
    this.#history.gone(node);
  }

  #do(command: PlannedCommand): void {
    if (isAsked(command)) {
      this.#ask(command);
      return;
    }
    switch (command.type) {
      case 'publish':
        this.#publish(command.events);
        return;
      case 'publish-again':
        this.#append(this.#published.slice(-5));
        return;
      case 'crash':
      case 'stop':
        this.#takeDown(command);
        return;
      case 'freeze':
        this.#freeze(command);
        return;
      case 'jump-clock':
        this.#nodes[command.node]?.life.jumpClock(command.byMs);
        return;
      case 'network':
        this.#spoilNetwork(command);
        return;
      case 'lose-wakes':
        this.#wakesLostUntil = this.#scheduler.nowMs + command.forMs;
        return;
      case 'double-wakes':
        this.#wakesDoubledUntil = this.#scheduler.nowMs + command.forMs;
        return;
      case 'replay':
        if (this.#plan.mode === 'stream') this.#replays.plan(command.from, command.to);
        return;
      default:
        command satisfies never;
    }
  }

  #publish(events: readonly PlannedEvent[]): void {
    const numbered = events.map((event) => ({
      id: `e${this.#published.push({ id: `e${this.#published.length}`, event }) - 1}`,
      event,
    }));
    this.#append(numbered);
  }

  #append(events: readonly { readonly id: string; readonly event: PlannedEvent }[]): void {
    if (events.length === 0) return;
    for (const { id, event } of events) this.#handlers.plan(id, event.behaviour);
    this.#log.append({
      topic: 'things',
      events: events.map(({ id, event }) => keyedEvent(id, event.key)),
    });
    this.#tellAll();
  }

  #tellAll(): void {
    const { nowMs } = this.#scheduler;
    if (!this.#isHealed && nowMs < this.#wakesLostUntil) return;
    const times = nowMs < this.#wakesDoubledUntil ? 3 : 1;
    const { tail } = this.#log;
    for (const node of this.#nodes) {
      for (let i = 0; i < times; i += 1)
        node?.life.after(this.#random() * WAKE_MS, () => node.log.hear(tail));
    }
  }

  #signal(from: SimulatedNode, kind: SignalKind, about: number | null): void {
    if (!this.#isHealed && this.#scheduler.nowMs < this.#wakesLostUntil) return;
    for (const node of this.#nodes) {
      if (node !== null && node !== from)
        node.life.after(this.#random() * WAKE_MS, () => node.hear(kind, about));
    }
  }

  #takeDown(command: Extract<PlannedCommand, { type: 'crash' | 'stop' }>): void {
    const node = this.#nodes[command.node];
    if (node === undefined || node === null || node.life.isDead) return;
    const startAgain = () =>
      this.#scheduler.after(command.downMs, () => this.#startNode(command.node));
    if (command.type === 'crash') {
      this.#kill(node);
      startAgain();
      return;
    }
    const gone = (): void => {
      this.#kill(node);
      startAgain();
    };
    void node.stop().then(gone, gone);
  }

  #freeze({ node: index, forMs }: Extract<PlannedCommand, { type: 'freeze' }>): void {
    const node = this.#nodes[index];
    if (node === undefined || node === null) return;
    node.isDisturbed = true;
    node.life.pause(forMs);
  }

  #spoilNetwork({ node: index, fault, forMs }: Extract<PlannedCommand, { type: 'network' }>): void {
    const node = this.#nodes[index];
    if (node === undefined || node === null) return;
    node.isDisturbed = true;
    node.network.fault = fault;
    this.#scheduler.after(forMs, () => {
      if (node.network.fault === fault) node.network.fault = { type: 'none' };
    });
  }

  /** A person asks one server; an error is shown to the person. */
  #ask(command: AskedCommand): void {
    const node = this.#nodes[command.node];
    if (node === undefined || node === null || !node.isReady) return;
    const { broker, deadLetters } = node.parts;
    const answered = (async () => {
      if (command.type === 'pause') await broker.pause(CONSUMER, 'person');
      else if (command.type === 'resume') await broker.resume(CONSUMER, 'person');
      else if (command.type === 'redrive') {
        const letters = await deadLetters.list({
          subscription: CONSUMER,
          status: 'open',
          limit: 20,
        });
        for (const { id } of letters.items) await deadLetters.retry(id, undefined, 'person');
      } else if (this.#plan.mode === 'queue') {
        await broker.reset(CONSUMER, 'latest', false, 'person');
      } else {
        const to = typeof command.to === 'number' ? { position: command.to } : command.to;
        await broker.reset(CONSUMER, to, false, 'person');
      }
    })();
    answered.catch(() => undefined);
  }

  #resumeAll(): void {
    for (const node of this.#nodes) {
      if (node?.isReady === true)
        node.parts.broker.resume(CONSUMER, 'person').catch(() => undefined);
    }
  }
}

/** What a person does, at one server. */
type AskedCommand = Extract<PlannedCommand, { type: 'pause' | 'resume' | 'reset' | 'redrive' }>;

const isAsked = (command: PlannedCommand): command is AskedCommand =>
  ['pause', 'resume', 'reset', 'redrive'].includes(command.type);

const keyedEvent = (id: string, key: number | null): NewEvent =>
  newEvent(id, {
    source: 'simulation',
    subject: key === null ? null : `key-${key}`,
    time: new Date(EPOCH_MS).toISOString(),
    dataText: '{}',
    sizeBytes: 2,
  });

const refuse = (): Promise<never> =>
  Promise.reject(new Error('topics of a simulation do not change'));

/** Topics that are there from the start and never change. */
function fixedTopics(topics: readonly TopicInfo[]): Topics {
  return {
    find: (name) => topics.find((topic) => topic.name === name),
    findById: (id) => topics.find((topic) => topic.id === id),
    all: () => topics,
    ensure: refuse,
    put: refuse,
    get: refuse,
    list: refuse,
    onChange: () => () => undefined,
  };
}
