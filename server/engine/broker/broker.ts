import {
  type Lag,
  type SubscriptionSettings,
  subscriptionNameSchema,
  subscriptionSettingsSchema,
} from '#contracts/subscription.ts';
import { type Clock, type Random } from '../clock.ts';
import {
  type Broker,
  type DeadLetters,
  type EventReader,
  type Publisher,
  type Topics,
} from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { type Traffic } from '../flows/traffic.ts';
import { type EventLog } from '../log/event-log.ts';
import { type Logger } from '../logger.ts';
import { ConsumerHistories } from '../metrics/consumer-histories.ts';
import { createConsumerSampler } from '../metrics/consumer-sampler.ts';
import { type NodeSignals } from '../nodes/node-signals.ts';
import { type Service } from '../service.ts';
import { type BrokerStore } from './broker-store.ts';
import { type ConsumerDefinition } from './consumer-definition.ts';
import { createDeadLetters } from './dead-letters.ts';
import { createEventDeliveries } from './event-deliveries.ts';
import { createNodeServices, type NodeServices } from './node-services.ts';
import { createOffsetReset } from './offset-reset.ts';
import { createOffsetTargets } from './offset-targets.ts';
import { createRedelivery } from './redeliveries.ts';
import { type Redelivery, type SettledLetter } from './redelivery.ts';
import { type SubscriptionEntry } from './subscription-entry.ts';
import { SubscriptionRuntime } from './subscription-runtime.ts';
import { SubscriptionView } from './subscription-view.ts';
import { Subscriptions } from './subscriptions.ts';
import { TailWatch } from './tail-watch.ts';

export type BrokerDependencies = {
  readonly store: BrokerStore;
  readonly log: EventLog;
  readonly topics: Topics;
  /** For what handlers publish. It must not count traffic: the broker counts it as emitted. */
  readonly publisher: Publisher;
  readonly reader: Pick<EventReader, 'matcher' | 'positionAt' | 'get'>;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Lasting name of this server; two processes must not use one at the same time. */
  readonly nodeId: string;
  readonly wakeOutbox: () => void;
  /** Started before the broker and stopped after it. */
  readonly signals: NodeSignals;
};

export type BrokerParts = {
  readonly broker: Broker;
  readonly deadLetters: DeadLetters;
  readonly redelivery: Redelivery;
  readonly nodes: NodeServices;
  /** To be started in this order after the log and the topics, and stopped in reverse before them. */
  readonly services: readonly Service[];
};

/*
 * The broker: events of the log to the subscriptions that asked for them.
 *
 *   log ──▶ tail watch ──▶ intake (order per key, room) ──▶ runner ──▶ executor: handler | pull
 *                            ▲                                │ handled ──▶ offset commits (batched, fenced by epoch)
 *                            │ next of the key                │ failed ──▶ settlement: retries row … ──▶ dead letter
 *                            └────────────────────────────────┘
 *
 * Mode `stream` has one owner per partition and order per key. In mode `queue` the consumers of all processes claim ranges instead
 * (queue source: claim intake, claim commits); everything after the intake is the same.
 *
 * Promises: at least once — an offset is stored only when everything below it is handled, in retries, or a letter; order per key (stream);
 * every failed attempt is kept; a process that lost a lease changes nothing any more.
 */
export function createBroker(deps: BrokerDependencies): BrokerParts {
  const { store, log, clock, logger, wakeOutbox } = deps;
  const letterListeners = new Set<(letter: SettledLetter) => void>();
  const onLetterSettled = (letter: SettledLetter): void => {
    for (const listener of letterListeners) listener(letter);
  };
  const woken = new Set<SubscriptionEntry>();
  const tail = new TailWatch({
    store,
    log,
    clock,
    logger,
    onRecord: (record) => subscriptions.offer(record, woken),
    onBatch: () => {
      for (const entry of woken) entry.runner?.wake();
      woken.clear();
    },
  });
  const head = (topicId: number, partition: number): number => tail.head(topicId, partition);
  const nodes = createNodeServices({
    ...deps,
    runtime: () => runtime,
    subscriptions: () => subscriptions,
  });
  const running = { ...deps, ...nodes.leases, head, onLetterSettled };
  const runtime: SubscriptionRuntime = new SubscriptionRuntime(running);
  const targets = createOffsetTargets({ ...deps, headsPosition: () => tail.position });
  const sync = () => nodes.sync();
  const parts = { ...deps, runtime, targets, sync, tail: () => tail };
  const subscriptions: Subscriptions = new Subscriptions(parts);
  const view = new SubscriptionView({ ...deps, subscriptions, head });
  const histories = new ConsumerHistories({ store, clock });
  const wake = (name: string): void => wakeRetries(subscriptions, nodes, name);
  const reset = createOffsetReset({ ...deps, targets, runtime, tail, nodes });

  const services: Service[] = [
    ...nodes.services,
    tail,
    subscriptionsService(subscriptions, nodes),
    createConsumerSampler({
      ...deps,
      take: () => histories.take(subscriptions.all(), head, nodes.membership.others.length === 0),
    }),
  ];
  return {
    broker: brokerFace({ ...deps, subscriptions, runtime, view, histories, reset, nodes }),
    deadLetters: createDeadLetters({
      store,
      clock,
      wakeOutbox,
      wake,
    }),
    redelivery: createRedelivery(subscriptions, {
      listeners: letterListeners,
      wake,
      servedElsewhere: () => nodes.servedElsewhere(),
    }),
    nodes,
    services,
  };
}

/** Who leaves says so first: the others share what is given up as it comes. */
function subscriptionsService(subscriptions: Subscriptions, nodes: NodeServices): Service {
  return {
    name: 'subscriptions',
    start: async () => {
      await subscriptions.start();
      await nodes.servesChanged();
    },
    stop: async () => {
      await nodes.membership.leave();
      await subscriptions.stop();
    },
  };
}

/** Retries were written for the subscription: whoever has their partitions looks for them. */
function wakeRetries(subscriptions: Subscriptions, nodes: NodeServices, name: string): void {
  const entry = subscriptions.find(name);
  if (entry === undefined) return;
  entry.runner?.wakeRetries();
  nodes.signals.send('retries', entry.row.id);
}

type FaceParts = BrokerDependencies & {
  readonly subscriptions: Subscriptions;
  readonly runtime: SubscriptionRuntime;
  readonly view: SubscriptionView;
  readonly histories: ConsumerHistories;
  readonly reset: ReturnType<typeof createOffsetReset>;
  readonly nodes: NodeServices;
};

function brokerFace(parts: FaceParts): Broker {
  const { subscriptions, runtime, view, histories, reset, nodes } = parts;
  const describe = async (entry: SubscriptionEntry) => {
    view.invalidate();
    return view.describe(entry);
  };
  return {
    ...pullFace(subscriptions, nodes),
    register: async (definition, options) => {
      await register(parts, definition, options?.scenario ?? null);
      await nodes.servesChanged();
      view.invalidate();
    },
    unregister: async (name) => {
      const entry = subscriptions.require(name);
      await entry.exclusive(async () => {
        await runtime.stop(entry);
        entry.definition = null;
      });
      await nodes.servesChanged();
    },
    put: async (name, settings, actor) => {
      checkName(name);
      const known = subscriptions.find(name)?.row;
      const { entry, created } = await subscriptions.put(name, settled(settings), {
        scenario: known?.scenario ?? null,
        handlerVersion: known?.handlerVersion ?? null,
        actor,
      });
      return { subscription: await describe(entry), created };
    },
    get: async (name) => view.describe(subscriptions.require(name)),
    list: () => Promise.all(subscriptions.all().map((entry) => view.describe(entry))),
    remove: async (name, actor) => {
      await subscriptions.remove(name, actor);
      view.invalidate();
    },
    pause: async (name, actor) => describe(await subscriptions.command(name, 'pause', actor)),
    resume: async (name, actor) => describe(await subscriptions.command(name, 'resume', actor)),
    setBreaker: async (name, state, actor) => {
      const entry = subscriptions.require(name);
      await runtime.forceBreaker(entry, state, actor);
      return describe(entry);
    },
    reset: async (name, to, dryRun, actor) => {
      const answer = await reset(subscriptions.require(name), to, { dryRun, actor });
      view.invalidate();
      return answer;
    },
    lag: async (name): Promise<Lag> => {
      const entry = subscriptions.require(name);
      const lag = await view.lag(entry);
      return { ...lag, clearsInMs: histories.clearsInMs(entry, lag.total) };
    },
    history: (name, query) => histories.read(subscriptions.require(name).row.id, query),
    deliveriesOf: createEventDeliveries({ ...parts, entries: () => subscriptions.all() }),
    setFaults: (faults) => runtime.setFaults(faults),
  };
}

function pullFace(
  subscriptions: Subscriptions,
  nodes: NodeServices,
): Pick<Broker, 'receive' | 'ack' | 'nack' | 'extend'> {
  const pullOf = (name: string) => {
    const entry = subscriptions.require(name);
    if (entry.row.settings.delivery.kind !== 'pull') {
      throw new EngineError('wrong-state', `Subscription ${name} is not received by pull.`, {
        state: entry.row.settings.delivery.kind,
      });
    }
    return { entry, pull: entry.pull, runner: entry.runner };
  };
  return {
    receive: async (name, request, signal) => {
      const { entry } = pullOf(name);
      await nodes.received(entry);
      const { pull, runner } = entry;
      if (pull === null || runner === null)
        throw new EngineError('stopping', `Subscription ${name} is being started or stopped.`);
      return pull.receive(request, signal, () => runner.pass());
    },
    ack: async (name, ids) => (await pullOf(name).pull?.ack(ids)) ?? allExpired(ids),
    nack: async (name, nack) =>
      (await pullOf(name).pull?.nack(nack)) ?? allExpired([nack.deliveryId]),
    extend: async (name, ids, byMs) => pullOf(name).pull?.extend(ids, byMs) ?? allExpired(ids),
  };
}

const allExpired = (ids: readonly string[]) => ({ acknowledged: [], expired: [...ids] });

async function register(
  { subscriptions, runtime }: FaceParts,
  definition: ConsumerDefinition,
  scenario: string | null,
): Promise<void> {
  checkName(definition.name);
  const settings = settled(settingsOf(definition));
  const { entry } = await subscriptions.put(definition.name, settings, {
    scenario,
    handlerVersion: definition.version,
    actor: 'code',
  });
  await entry.exclusive(async () => {
    if (entry.definition === definition && entry.runner !== null) return;
    await runtime.stop(entry);
    entry.definition = definition;
    await runtime.start(entry);
  });
}

function settingsOf(definition: ConsumerDefinition): SubscriptionSettings {
  const { name, filter, mode, guarantee, concurrency, maxInFlight, onFailure, start } = definition;
  return subscriptionSettingsSchema.parse({
    filter,
    mode,
    delivery: { kind: 'handler', handler: name },
    guarantee,
    concurrency,
    maxInFlight,
    onFailure,
    start,
    retry: definition.retry ?? {},
    breaker: definition.breaker ?? {},
  });
}

function checkName(name: string): void {
  const checked = subscriptionNameSchema.safeParse(name);
  if (!checked.success) {
    throw new EngineError(
      'invalid-request',
      `Subscription name: ${checked.error.issues[0]?.message ?? 'not valid'}.`,
      { field: 'name' },
    );
  }
}

/** A queue keeps no order, so nothing in it waits behind what failed. */
function settled(settings: SubscriptionSettings): SubscriptionSettings {
  if (settings.mode === 'stream') return settings;
  if (settings.onFailure === 'block') {
    throw new EngineError(
      'invalid-request',
      'A queue keeps no order, so nothing in it can wait behind what failed; leave onFailure out.',
      { field: 'onFailure' },
    );
  }
  return { ...settings, onFailure: 'skip' };
}
