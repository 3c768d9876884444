import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createTestBroker,
  never,
  quickSettings,
  type TestBroker,
  until,
} from '#server/testing/test-broker.ts';
import { isEngineError } from '../errors.ts';
import { type BrokerParts } from './broker.ts';

/** How many runs of at most `COMMANDS` commands; more at night. */
const RUNS = Number(process.env['WEIR_MODEL_RUNS'] ?? 20);
const COMMANDS = 30;
const RUN_MS = 5_000;
const MAX_RETRIES = 1;
const KEYS = 2;
const AVAILABLE_MS = 5_000;
/** Nothing is to come: so long it is waited for all the same. */
const NOTHING_MS = 20;
const ACTOR = 'test';

type Command =
  | { readonly kind: 'publish'; readonly keys: readonly (number | null)[] }
  | { readonly kind: 'publish-again'; readonly which: number }
  | { readonly kind: 'append'; readonly expected: number }
  | { readonly kind: 'receive'; readonly max: number }
  | { readonly kind: 'ack'; readonly which: number }
  | { readonly kind: 'nack'; readonly which: number; readonly retryable: boolean }
  | { readonly kind: 'pause' | 'resume' | 'reset' | 'redrive' | 'restart' };

const which = fc.nat(20);
const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('publish' as const),
        keys: fc.array(fc.option(fc.nat(KEYS - 1), { freq: 4 }), { minLength: 1, maxLength: 4 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('publish-again' as const), which }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('append' as const), expected: fc.nat(3) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('receive' as const),
        max: fc.integer({ min: 1, max: 5 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('ack' as const), which }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('nack' as const),
        which,
        retryable: fc.boolean(),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          'pause' as const,
          'resume' as const,
          'resume' as const,
          'reset' as const,
          'redrive' as const,
          'restart' as const,
        ),
      }),
    },
  ),
  { minLength: 1, maxLength: COMMANDS, size: 'max' },
);

/** One event as it is to be delivered, or one letter given back. */
type Item = {
  readonly id: string;
  readonly key: number | null;
  readonly isRedriven: boolean;
  attempt: number;
  state: 'open' | 'out' | 'done' | 'dead';
  deliveryId: string;
};

const isSettled = (item: Item): boolean => item.state === 'done' || item.state === 'dead';

/** What a subscription with `park-key` promises, in a few lines. */
class Model {
  readonly items: Item[] = [];
  readonly positions = new Map<string, number>();
  version = 0;
  isPaused = false;

  add(id: string, key: number | null, isRedriven = false): void {
    this.items.push({ id, key, isRedriven, attempt: 1, state: 'open', deliveryId: '' });
  }

  /** The first of each key that is not settled, and all without a key. */
  get due(): Item[] {
    if (this.isPaused) return [];
    const seen = new Set<string>();
    return this.items.filter((item) => {
      if (isSettled(item)) return false;
      const lane = `${item.isRedriven} ${item.key}`;
      const isBehind = item.key !== null && seen.has(lane);
      seen.add(lane);
      return !isBehind && item.state === 'open';
    });
  }

  get out(): Item[] {
    return this.items.filter((item) => item.state === 'out');
  }

  get dead(): Item[] {
    return this.items.filter((item) => item.state === 'dead');
  }

  fail(item: Item, retryable: boolean): void {
    const isDead = !retryable || item.attempt > MAX_RETRIES;
    item.state = isDead ? 'dead' : 'open';
    if (!isDead) item.attempt += 1;
  }

  /** Nothing is settled behind something that is not: all that is settled stays so when the server starts anew. */
  get isSettledInOrder(): boolean {
    const ofLog = this.items.filter((item) => !item.isRedriven);
    const first = ofLog.findIndex((item) => !isSettled(item) && item.attempt === 1);
    return first < 0 || !ofLog.slice(first).some(isSettled);
  }

  /** What is with receivers is theirs no more. */
  dropHands(): void {
    for (const item of this.out) item.state = 'open';
  }

  rewind(): void {
    this.dropHands();
    for (const item of this.items)
      if (!item.isRedriven) Object.assign(item, { attempt: 1, state: 'open' });
  }
}

let kit: TestBroker;
let run = 0;

beforeAll(async () => {
  kit = await createTestBroker();
});
afterAll(() => kit.drop());

/** The broker and the model side by side. */
class Pair {
  readonly #model = new Model();
  readonly #name: string;
  #parts: BrokerParts & { close(): Promise<void> };
  #ids = 0;

  static async open(): Promise<Pair> {
    run += 1;
    const name = `model${run}`;
    const parts = await kit.open(name);
    const retry = { maxRetries: MAX_RETRIES, baseMs: 10, factor: 1, maxMs: 1_000, jitter: 0 };
    await kit.topics.ensure(name);
    await parts.broker.put(name, quickSettings({ filter: { topics: [name] }, retry }), ACTOR);
    return new Pair(name, parts);
  }

  private constructor(name: string, parts: BrokerParts & { close(): Promise<void> }) {
    this.#name = name;
    this.#parts = parts;
  }

  async do(command: Command): Promise<void> {
    switch (command.kind) {
      case 'publish':
        return this.#publish(command.keys);
      case 'publish-again':
        return this.#publishAgain(command.which);
      case 'append':
        return this.#append(command.expected);
      case 'receive':
        return this.#receive(command.max);
      case 'ack':
        return this.#ack(command.which);
      case 'nack':
        return this.#nack(command.which, command.retryable);
      case 'pause':
      case 'resume':
      case 'reset':
      case 'redrive':
      case 'restart':
        return this.#control(command.kind);
      default:
        return command satisfies never;
    }
  }

  /** Everything that is left is delivered and acknowledged, and nothing else. */
  async finish(): Promise<void> {
    const model = this.#model;
    await this.#control('resume');
    while (model.due.length + model.out.length > 0) {
      if (model.due.length > 0) await this.#receive(5);
      while (model.out.length > 0) await this.#ack(0);
    }
    await this.#receive(5);
    const { broker } = this.#parts;
    const letters = model.dead.length;
    const rest = { lag: 0, retrying: 0, parked: 0 };
    await until(
      () => broker.get(this.#name),
      (seen) => seen.lag + seen.retrying + seen.parked === 0,
    ).then((seen) => expect(seen).toMatchObject(rest));
    expect((await this.#letters()).length).toBe(letters);
    await this.#parts.close();
  }

  async #publish(keys: readonly (number | null)[]): Promise<void> {
    const events = keys.map((key) => ({ id: `${this.#name}-${(this.#ids += 1)}`, key }));
    const receipts = await kit.publisher.publish({
      topic: this.#name,
      inputs: events.map(({ id, key }) => inputOf(id, key)),
      batch: true,
    });
    for (const [index, { id, key }] of events.entries()) {
      expect(receipts[index]?.duplicate).toBe(false);
      this.#model.positions.set(id, receipts[index]?.position ?? 0);
      this.#model.add(id, key);
    }
  }

  async #publishAgain(index: number): Promise<void> {
    const ids = [...this.#model.positions.keys()];
    const id = ids[index % Math.max(1, ids.length)];
    if (id === undefined) return;
    const [receipt] = await kit.publisher.publish({
      topic: this.#name,
      inputs: [inputOf(id, null)],
      batch: true,
    });
    const position = this.#model.positions.get(id);
    expect(receipt).toMatchObject({ duplicate: true, position });
  }

  async #append(expected: number): Promise<void> {
    const model = this.#model;
    const appended = await kit.publisher
      .appendToStream({
        streamId: `of-${this.#name}`,
        topic: `${this.#name}-streams`,
        expectedVersion: expected,
        inputs: [inputOf(`${this.#name}-v${(this.#ids += 1)}`, null)],
      })
      .then(
        () => true,
        (error: unknown) => {
          if (!isEngineError(error, 'version-conflict')) throw error;
          return false;
        },
      );
    expect(appended).toBe(expected === model.version);
    if (appended) model.version += 1;
  }

  async #receive(max: number): Promise<void> {
    const { due } = this.#model;
    const waitMs = due.length > 0 ? AVAILABLE_MS : NOTHING_MS;
    const got = await this.#parts.broker.receive(this.#name, { max, waitMs }, never);
    expect(got.length > 0).toBe(due.length > 0);
    expect(got.length).toBeLessThanOrEqual(max);
    for (const delivery of got) {
      const item = due.find((one) => one.id === delivery.event.id && one.state === 'open');
      expect(item, `${delivery.event.id} was not to be delivered`).toBeDefined();
      if (item === undefined) continue;
      expect(delivery.attempt).toBe(item.attempt);
      Object.assign(item, { state: 'out', deliveryId: delivery.deliveryId });
    }
  }

  async #ack(index: number): Promise<void> {
    const item = this.#inHand(index);
    if (item === undefined) return;
    const { broker } = this.#parts;
    const ids = [item.deliveryId];
    expect(await broker.ack(this.#name, ids)).toEqual({ acknowledged: ids, expired: [] });
    expect(await broker.ack(this.#name, ids)).toEqual({ acknowledged: [], expired: ids });
    item.state = 'done';
  }

  async #nack(index: number, retryable: boolean): Promise<void> {
    const item = this.#inHand(index);
    if (item === undefined) return;
    const error = { class: 'Refused', message: `not ${item.id}`, stack: null };
    const { deliveryId } = item;
    const answer = await this.#parts.broker.nack(this.#name, { deliveryId, error, retryable });
    expect(answer.expired).toEqual([]);
    this.#model.fail(item, retryable);
  }

  async #control(kind: 'pause' | 'resume' | 'reset' | 'redrive' | 'restart'): Promise<void> {
    const { broker } = this.#parts;
    const model = this.#model;
    if (kind === 'pause' || kind === 'resume') {
      await broker[kind](this.#name, ACTOR);
      model.isPaused = kind === 'pause';
    } else if (kind === 'redrive') {
      for (const letter of await this.#letters()) {
        const item = model.dead.find((one) => one.id === letter.event.id);
        expect(item).toBeDefined();
        await this.#parts.deadLetters.retry(letter.id, undefined, ACTOR);
        if (item === undefined) continue;
        item.state = 'done';
        model.add(item.id, item.key, true);
      }
    } else if (kind === 'restart') {
      if (!model.isSettledInOrder) return;
      await this.#parts.close();
      this.#parts = await kit.open(this.#name);
      model.dropHands();
    } else if (!model.items.some((one) => one.isRedriven || one.state === 'dead')) {
      await broker.reset(this.#name, 'earliest', false, ACTOR);
      model.rewind();
    }
  }

  async #letters() {
    const { deadLetters } = this.#parts;
    const wanted = { subscription: this.#name, status: 'open', limit: 100 } as const;
    return (await deadLetters.list(wanted)).items;
  }

  #inHand(index: number): Item | undefined {
    const { out } = this.#model;
    return out[index % Math.max(1, out.length)];
  }
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

test(
  'what a subscription delivers is what the model says, after every command',
  async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (steps) => {
        const pair = await Pair.open();
        for (const step of steps) await pair.do(step);
        await pair.finish();
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  },
  RUNS * RUN_MS,
);
