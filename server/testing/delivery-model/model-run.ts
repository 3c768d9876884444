import { expect } from 'vitest';
import { replayRequestSchema } from '#contracts/operation.ts';
import { type PulledDelivery } from '#contracts/subscription.ts';
import { isEngineError } from '#server/engine/errors.ts';
import { quickSettings, until } from '../test-broker.ts';
import { DeliveryModel, type Item, LOG, type ModelEvent, REDRIVE } from './delivery-model.ts';
import { type ModelCommand } from './model-commands.ts';
import { type ModelHost } from './model-host.ts';

const MAX_RETRIES = 1;
const AVAILABLE_MS = 10_000;
/** Nothing is to come: so long it is waited for all the same. */
const NOTHING_MS = 20;
const LETTERS_MAX = 200;
const ACTOR = 'test';
const never = new AbortController().signal;

/** What a mutant spoils on the way to the system. */
export type ModelSpoil = {
  readonly replayRange?: (
    from: number,
    to: number,
  ) => { readonly from: number; readonly to: number };
  readonly acknowledges?: (deliveryIds: readonly string[]) => readonly string[];
  readonly publishedAgain?: (id: string) => string;
};

type Subscribed = { readonly name: string; readonly model: DeliveryModel };
type Replay = { readonly id: string; readonly of: Subscribed; readonly total: number };

/** The system and the model side by side, on a topic of their own. */
export class ModelRun {
  readonly #host: ModelHost;
  readonly #topic: string;
  readonly #spoil: ModelSpoil;
  readonly #subs: (Subscribed | undefined)[] = [];
  readonly #events: ModelEvent[] = [];
  readonly #replays: Replay[] = [];
  #version = 0;
  #names = 0;
  #hasCrashed = false;

  static async open(
    host: ModelHost,
    at: { readonly topic: string; readonly mode: 'stream' | 'queue' },
    spoil: ModelSpoil = {},
  ): Promise<ModelRun> {
    const run = new ModelRun(host, at.topic, spoil);
    await host.node.engine.topics.ensure(at.topic);
    await run.#subscribe(0, 'earliest', at.mode);
    return run;
  }

  private constructor(host: ModelHost, topic: string, spoil: ModelSpoil) {
    this.#host = host;
    this.#topic = topic;
    this.#spoil = spoil;
  }

  async do(command: ModelCommand): Promise<void> {
    if ('sub' in command) {
      const sub = this.#subs[command.sub];
      if (sub !== undefined) await this.#ofSubscription(sub, command);
      return;
    }
    switch (command.kind) {
      case 'publish':
        return this.#publish(command.keys);
      case 'publish-again':
        return this.#publishAgain(command.which);
      case 'append':
        return this.#append(command.expected);
      case 'subscribe':
        return this.#subs[1] === undefined
          ? this.#subscribe(1, command.start, 'stream')
          : undefined;
      case 'unsubscribe':
        return this.#unsubscribe(1);
      case 'restart':
      case 'crash':
        return this.#end(command.kind);
      default:
        command satisfies never;
    }
  }

  /** Everything that is left is delivered and acknowledged, and nothing else; the log is what was published. */
  async finish(): Promise<void> {
    for (const sub of this.#subs) if (sub !== undefined) await this.#drain(sub);
    for (const { id, of, total } of this.#replays) {
      if (!this.#subs.includes(of)) continue;
      const ended = await until(
        () => this.#engine.operations.get(id),
        ({ finishedAt }) => finishedAt !== null,
      );
      expect(ended).toMatchObject({ state: 'done', total, done: total });
    }
    const stored = await this.#host.eventsOf(this.#topic);
    expect(stored.map(({ id, position }) => ({ id, position }))).toEqual(
      this.#events.map(({ id, position }) => ({ id, position })),
    );
    await this.#unsubscribe(0);
    await this.#unsubscribe(1);
  }

  get #engine() {
    return this.#host.node.engine;
  }

  #ofSubscription(
    sub: Subscribed,
    command: Extract<ModelCommand, { readonly sub: number }>,
  ): Promise<void> {
    switch (command.kind) {
      case 'receive':
        return this.#receive(sub, command.max);
      case 'ack':
        return this.#ack(sub, command.which);
      case 'nack':
        return this.#nack(sub, command.which, command.retryable);
      case 'replay':
        return this.#replay(sub, command.from, command.to);
      case 'pause':
      case 'resume':
        return this.#pause(sub, command.kind);
      case 'reset':
        return this.#reset(sub);
      case 'redrive':
      case 'discard':
        return this.#settleLetters(sub, command.kind);
      default:
        return command satisfies never;
    }
  }

  async #subscribe(
    slot: number,
    start: 'earliest' | 'latest',
    mode: 'stream' | 'queue',
  ): Promise<void> {
    this.#names += 1;
    const name = `${this.#topic}-s${this.#names}`;
    const retry = { maxRetries: MAX_RETRIES, baseMs: 10, factor: 1, maxMs: 1_000, jitter: 0 };
    const settings = quickSettings({ filter: { topics: [this.#topic] }, retry, mode, start });
    await this.#engine.broker.put(name, settings, ACTOR);
    const model = new DeliveryModel(mode, MAX_RETRIES);
    if (start === 'earliest') for (const event of this.#events) model.add(event);
    this.#subs[slot] = { name, model };
  }

  async #unsubscribe(slot: number): Promise<void> {
    const sub = this.#subs[slot];
    if (sub === undefined || sub.model.isReplaying) return;
    await this.#engine.broker.remove(sub.name, ACTOR);
    this.#subs[slot] = undefined;
  }

  /** One alone is published as one. */
  async #publish(keys: readonly (number | null)[]): Promise<void> {
    const events = keys.map((key, index) => ({
      id: `${this.#topic}-${this.#events.length + index}`,
      key,
    }));
    const receipts = await this.#engine.publisher.publish({
      topic: this.#topic,
      inputs: events.map(({ id, key }) => inputOf(id, key)),
      batch: keys.length > 1,
    });
    for (const [index, event] of events.entries()) {
      const { duplicate, position = 0, partition = 0, offset = 0 } = receipts[index] ?? {};
      expect(duplicate).toBe(false);
      const published = { ...event, position, partition, offset };
      this.#events.push(published);
      for (const sub of this.#subs) sub?.model.add(published);
    }
  }

  async #publishAgain(index: number): Promise<void> {
    const event = this.#events[index % Math.max(1, this.#events.length)];
    if (event === undefined) return;
    const id = this.#spoil.publishedAgain?.(event.id) ?? event.id;
    const inputs = [inputOf(id, null)];
    const [receipt] = await this.#engine.publisher.publish({
      topic: this.#topic,
      inputs,
      batch: false,
    });
    expect(receipt).toMatchObject({ duplicate: true, position: event.position });
  }

  async #append(expected: number): Promise<void> {
    const appended = await this.#engine.publisher
      .appendToStream({
        streamId: `of-${this.#topic}`,
        topic: `${this.#topic}-streams`,
        expectedVersion: expected,
        inputs: [inputOf(`${this.#topic}-v${(this.#names += 1)}`, null)],
      })
      .then(
        () => true,
        (error: unknown) => {
          if (!isEngineError(error, 'version-conflict')) throw error;
          expect(error.details['currentVersion']).toBe(this.#version);
          return false;
        },
      );
    expect(appended).toBe(expected === this.#version);
    if (appended) this.#version += 1;
  }

  async #receive({ name, model }: Subscribed, max: number): Promise<void> {
    const { due, maybe } = model;
    const certain = this.#hasCrashed ? model.dueWhenCareful : due;
    const waitMs = certain.length > 0 ? AVAILABLE_MS : NOTHING_MS;
    const got = await this.#engine.broker.receive(name, { max, waitMs }, never);
    if (certain.length > 0) expect(got.length).toBeGreaterThan(0);
    if (due.length + maybe.length === 0) expect(got).toEqual([]);
    expect(got.length).toBeLessThanOrEqual(max);
    for (const delivery of got) {
      // One that was handed out holds back others of its key.
      const item = [...model.due, ...maybe].find((one) => isMeant(one, delivery));
      expect(item, `${delivery.event.id} was not to be delivered`).toBeDefined();
      if (item === undefined) continue;
      // What was perhaps in flight when the server died counts as tried.
      if (item.state === 'maybe') expect(delivery.attempt).toBeGreaterThan(0);
      else if (this.#hasCrashed) expect(delivery.attempt).toBeGreaterThanOrEqual(item.attempt);
      else expect(delivery.attempt).toBe(item.attempt);
      model.handOut(item, { deliveryId: delivery.deliveryId, attempt: delivery.attempt });
    }
  }

  async #ack({ name, model }: Subscribed, index: number): Promise<void> {
    const item = inHand(model, index);
    if (item === undefined) return;
    const { broker } = this.#engine;
    const ids = [item.deliveryId];
    await broker.ack(name, [...(this.#spoil.acknowledges?.(ids) ?? ids)]);
    expect(await broker.ack(name, ids)).toEqual({ acknowledged: [], expired: ids });
    item.state = this.#mayComeByItsClaim(model, item) ? 'maybe' : 'done';
  }

  async #nack({ name, model }: Subscribed, index: number, retryable: boolean): Promise<void> {
    const item = inHand(model, index);
    if (item === undefined) return;
    // A replayed event that dies leaves the letter of the event itself: that is another test's.
    const isReplayed = ![LOG, REDRIVE].includes(item.lane);
    if (isReplayed && item.attempt > MAX_RETRIES) return;
    if (this.#hasCrashed && model.mode === 'queue') return;
    const error = { class: 'Refused', message: `not ${item.event.id}`, stack: null };
    const { deliveryId } = item;
    const isRetried = retryable || isReplayed;
    const verdict = { deliveryId, error, retryable: isRetried };
    expect((await this.#engine.broker.nack(name, verdict)).expired).toEqual([]);
    model.fail(item, isRetried);
  }

  /**
   * What a queue was trying again when its server died the second time comes back by its retry and, when that is settled before the
   * claim is taken over, by its claim.
   */
  #mayComeByItsClaim(model: DeliveryModel, item: Item): boolean {
    return this.#hasCrashed && model.mode === 'queue' && item.attempt > 1;
  }

  async #replay(sub: Subscribed, from: number, to: number): Promise<void> {
    const { name, model } = sub;
    const ends = [from, to].map((index) => this.#events[index % Math.max(1, this.#events.length)]);
    const [low = 0, high = 0] = ends
      .map((event) => event?.position ?? 0)
      .toSorted((left, right) => left - right);
    if (low === 0 || model.mode === 'queue' || model.isReplaying) return;
    const range = this.#spoil.replayRange?.(low, high) ?? { from: low, to: high };
    const request = replayRequestSchema.parse({ ...range, target: { subscription: name } });
    const operation = await this.#engine.operations.replay(request, ACTOR);
    if ('dryRun' in operation) throw new Error('It was only planned.');
    const events = this.#events.filter(({ position }) => position >= low && position <= high);
    for (const event of events) model.add(event, operation.id);
    this.#replays.push({ id: operation.id, of: sub, total: events.length });
  }

  async #pause({ name, model }: Subscribed, kind: 'pause' | 'resume'): Promise<void> {
    await this.#engine.broker[kind](name, ACTOR);
    model.isPaused = kind === 'pause';
  }

  async #reset(sub: Subscribed): Promise<void> {
    const { name, model } = sub;
    if (model.mode === 'queue') return;
    if (model.items.some(({ lane, state }) => lane !== LOG || state === 'dead')) return;
    await this.#engine.broker.reset(name, 'earliest', false, ACTOR);
    model.rewind(this.#events);
  }

  async #settleLetters({ name, model }: Subscribed, kind: 'redrive' | 'discard'): Promise<void> {
    const letters = await this.#letters(name);
    expect(letters.map(({ event }) => event.id).toSorted()).toEqual(
      model
        .in('dead')
        .map(({ event }) => event.id)
        .toSorted(),
    );
    for (const letter of letters) {
      const item = model.in('dead').find(({ event }) => event.id === letter.event.id);
      if (item === undefined) continue;
      item.state = 'done';
      if (kind === 'discard') {
        await this.#engine.deadLetters.discard(letter.id, 'not needed', ACTOR);
        continue;
      }
      await this.#engine.deadLetters.retry(letter.id, undefined, ACTOR);
      model.add(item.event, REDRIVE);
    }
  }

  /** Only when the model can say what the next life knows. */
  async #end(kind: 'restart' | 'crash'): Promise<void> {
    const subs = this.#subs.filter((sub) => sub !== undefined);
    const models = subs.map(({ model }) => model);
    if (models.some((model) => model.isReplaying)) return;
    // A last attempt that ends with its server is a letter: when it is written another test says.
    const isLast = models.some(
      (model) =>
        model.hasPerhapsTried || model.in('out').some(({ attempt }) => attempt > MAX_RETRIES),
    );
    if (kind === 'crash' && isLast) return;
    const isKnown = models.every((model) => model.isSettledInOrder);
    const hasFailures = models.some((model) => model.hasFailures);
    if (kind === 'restart') {
      if (!isKnown) return;
      await this.#host.restart();
    } else if (hasFailures) {
      if (!isKnown || models.some(({ mode }) => mode === 'queue')) return;
      for (const { name, model } of subs) await this.#host.untilStored(name, model.settledUpTo);
      await this.#crash(models);
    } else {
      await this.#crash(models);
      for (const model of models) model.forgetAcknowledged();
    }
    this.#hasCrashed ||= kind === 'crash';
    for (const model of models) model.dropHands();
  }

  /** Not while something is claimed for receivers that had gone by then: it counts as tried, until it is given back. */
  async #crash(models: readonly DeliveryModel[]): Promise<void> {
    const out = models.flatMap((model) => model.in('out'));
    const positions = out.map(({ event }) => event.position);
    await this.#host.untilBegunAreOnly(this.#topic, positions);
    await this.#host.crash();
    for (const model of models) model.die(this.#hasCrashed);
  }

  async #drain(sub: Subscribed): Promise<void> {
    const { name, model } = sub;
    await this.#pause(sub, 'resume');
    while (model.due.length + model.in('out').length > 0) {
      if (model.due.length > 0) await this.#receive(sub, 5);
      while (model.in('out').length > 0) await this.#ack(sub, 0);
    }
    await this.#receive(sub, 5);
    while (model.in('out').length > 0) await this.#ack(sub, 0);
    const letters = await this.#letters(name);
    expect(letters).toHaveLength(model.in('dead').length);
  }

  async #letters(name: string) {
    const wanted = { subscription: name, status: 'open', limit: LETTERS_MAX } as const;
    return (await this.#engine.deadLetters.list(wanted)).items;
  }
}

function inHand(model: DeliveryModel, index: number): Item | undefined {
  const out = model.in('out');
  return out[index % Math.max(1, out.length)];
}

function isMeant({ event, lane, state }: Item, delivery: PulledDelivery): boolean {
  const isOfReplay =
    delivery.replay === undefined
      ? [LOG, REDRIVE].includes(lane)
      : lane === delivery.replay.operationId;
  return event.id === delivery.event.id && isOfReplay && (state === 'open' || state === 'maybe');
}

const inputOf = (id: string, key: number | null) => ({
  attributes: {
    id,
    source: 'test',
    type: 'thing.happened',
    ...(key === null ? {} : { subject: `key-${key}` }),
  },
  payload: { kind: 'none' } as const,
});
