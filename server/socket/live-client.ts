import {
  type LiveProblem,
  liveReceivedSchema,
  liveSubscribeSchema,
  liveUnsubscribeSchema,
  MAX_FRAMES_PER_SECOND,
  MAX_LIVE_QUERIES_LENGTH,
  MAX_LIVE_SUBSCRIPTIONS,
  MAX_UNACKNOWLEDGED_FRAMES,
} from '#contracts/live-feed.ts';
import { type Clock, type Random } from '#server/engine/clock.ts';
import { isEngineError } from '#server/engine/errors.ts';
import { type Logger } from '#server/engine/logger.ts';
import { FrameBatcher } from './frame-batcher.ts';
import { type LiveEngine } from './live-engine.ts';
import { type LiveFeed } from './live-feed.ts';
import { type LiveFrame, type LiveItem } from './live-item.ts';
import { LiveSubscription } from './live-subscription.ts';
import { MAX_FILL_BYTES, PendingBudget } from './pending-budget.ts';

const FRAME_INTERVAL_MS = 1_000 / MAX_FRAMES_PER_SECOND;
const FILL_RETRY_MS = 1_000;
/** What a client sends comes back in a problem: not all of it. */
const MAX_PROBLEM_LENGTH = 500;

/** The outside as one client sees it. */
export type LiveTransport = {
  sendFrame(frame: LiveFrame): void;
  sendProblem(problem: LiveProblem): void;
  /** Whether everything sent before has left the process; `pump` is called when it has. */
  isDrained(): boolean;
};

type LiveClientDependencies = {
  readonly feed: LiveFeed;
  readonly engine: Pick<LiveEngine, 'log' | 'reader'>;
  readonly transport: LiveTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
};

/**
 * One connected client: at most ten frames a second over all its subscriptions, in turn. A frame goes at once when the last
 * one is 100 ms old, else when it is. Nothing is sent while the transport still holds something or two frames are
 * unacknowledged; meanwhile at most MAX_PENDING_BYTES wait, and beyond that frames become samples. So one that is stuck
 * costs 2 MB at most: what waits (1 MiB), one frame on its way (as text and as bytes, 256 KiB each), and its queries as they
 * were asked and parsed (some 0.4 MiB at most).
 */
export class LiveClient {
  readonly #deps: LiveClientDependencies;
  readonly #subscriptions = new Map<string, LiveSubscription>();
  readonly #budget = new PendingBudget();
  readonly #closing = new AbortController();
  #unacknowledged: { readonly id: string; readonly position: number }[] = [];
  #acknowledges = false;
  #lastFrameMs = Number.NEGATIVE_INFINITY;
  #isWaiting = false;
  #isFilling = false;

  constructor(deps: LiveClientDependencies) {
    this.#deps = deps;
  }

  /** Answers with the position the feed starts after, or tells the client what is wrong. */
  subscribe(input: unknown): { readonly position: number } | null {
    const request = liveSubscribeSchema.safeParse(input);
    if (!request.success) {
      this.#refuse(idOf(input), request.error.issues[0]?.message ?? 'not a subscribe request');
      return null;
    }
    const { id, query, fromPosition } = request.data;
    if (this.#subscriptions.size >= MAX_LIVE_SUBSCRIPTIONS && !this.#subscriptions.has(id)) {
      this.#refuse(id, `at most ${MAX_LIVE_SUBSCRIPTIONS} live subscriptions; unsubscribe one`);
      return null;
    }
    const text = JSON.stringify(query);
    if (this.#queriesLength(id) + text.length > MAX_LIVE_QUERIES_LENGTH) {
      this.#refuse(id, `the queries have more than ${MAX_LIVE_QUERIES_LENGTH} characters in all`);
      return null;
    }
    try {
      const matches = this.#deps.engine.reader.matcher(query);
      this.#remove(id);
      return this.#open({ id, query: text, matches, fromPosition });
    } catch (error) {
      if (!isEngineError(error)) throw error;
      this.#tell({ id, code: error.code, detail: error.message });
      return null;
    }
  }

  unsubscribe(input: unknown): void {
    const request = liveUnsubscribeSchema.safeParse(input);
    if (request.success) this.#remove(request.data.id);
  }

  received(input: unknown): void {
    const request = liveReceivedSchema.safeParse(input);
    if (!request.success) return;
    const { id, position } = request.data;
    this.#acknowledges = true;
    this.#unacknowledged = this.#unacknowledged.filter(
      (frame) => frame.id !== id || frame.position > position,
    );
    this.pump();
  }

  /** Sends what may be sent now. Call when the transport has drained, and once a second for what is due by time alone. */
  pump(): void {
    if (this.#closing.signal.aborted) return;
    this.#fillNext();
    const nowMs = this.#deps.clock.monotonicMs();
    const waitMs = this.#lastFrameMs + FRAME_INTERVAL_MS - nowMs;
    const next = this.#nextWithFrame(nowMs);
    if (next === null || !this.#maySend()) return;
    if (waitMs > 0) {
      void this.#pumpLater(waitMs);
      return;
    }
    const frame = next.takeFrame(nowMs);
    if (frame === null) return;
    this.#lastFrameMs = nowMs;
    this.#remember(frame);
    this.#deps.transport.sendFrame(frame);
    // The one served goes to the end of the line.
    this.#subscriptions.delete(next.id);
    this.#subscriptions.set(next.id, next);
    this.#fillNext();
    if (this.#nextWithFrame(nowMs) !== null) void this.#pumpLater(FRAME_INTERVAL_MS);
  }

  close(): void {
    this.#closing.abort();
    for (const subscription of this.#subscriptions.values()) this.#deps.feed.leave(subscription);
    this.#subscriptions.clear();
  }

  #open(options: {
    readonly id: string;
    readonly query: string;
    readonly matches: LiveSubscription['matches'];
    readonly fromPosition: number | undefined;
  }): { readonly position: number } {
    const { clock, engine, feed, random } = this.#deps;
    const tail = engine.log.tailPosition();
    // A position ahead of the log is of a log that is gone: from now on is all that can be meant.
    const position = Math.min(options.fromPosition ?? tail, tail);
    const subscription = new LiveSubscription({
      id: options.id,
      query: options.query,
      matches: options.matches,
      batcher: new FrameBatcher<LiveItem>({ budget: this.#budget, random, position }),
      onReady: () => this.pump(),
      nowMs: clock.monotonicMs(),
    });
    this.#subscriptions.set(options.id, subscription);
    feed.join(subscription);
    this.#fillNext();
    return { position };
  }

  #remove(id: string): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) return;
    this.#deps.feed.leave(subscription);
    this.#subscriptions.delete(id);
    this.#unacknowledged = this.#unacknowledged.filter((frame) => frame.id !== id);
  }

  #maySend(): boolean {
    if (!this.#deps.transport.isDrained()) return false;
    return !this.#acknowledges || this.#unacknowledged.length < MAX_UNACKNOWLEDGED_FRAMES;
  }

  /** The newest of each subscription are enough: a position acknowledges all before it. */
  #remember(frame: LiveFrame): void {
    this.#unacknowledged.push({ id: frame.id, position: frame.position });
    if (this.#unacknowledged.length > MAX_UNACKNOWLEDGED_FRAMES) this.#unacknowledged.shift();
  }

  #nextWithFrame(nowMs: number): LiveSubscription | null {
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.hasFrame(nowMs)) return subscription;
    }
    return null;
  }

  async #pumpLater(ms: number): Promise<void> {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    await this.#deps.clock.sleep(Math.max(ms, 1), this.#closing.signal);
    this.#isWaiting = false;
    this.pump();
  }

  /** One page-reader per client, and only while there is room for what it reads. */
  #fillNext(): void {
    if (this.#isFilling || this.#budget.bytes >= MAX_FILL_BYTES) return;
    const behind = [...this.#subscriptions.values()].find(
      ({ state, batcher }) => state === 'catching-up' && !batcher.isFrameFull,
    );
    if (behind !== undefined) void this.#fill(behind);
  }

  async #fill(subscription: LiveSubscription): Promise<void> {
    this.#isFilling = true;
    try {
      await this.#deps.feed.fill(subscription);
    } catch (error) {
      this.#deps.logger.warn({ err: error }, 'a live feed could not catch up; it tries again');
      await this.#deps.clock.sleep(FILL_RETRY_MS, this.#closing.signal);
    }
    this.#isFilling = false;
    this.pump();
  }

  /** Of all subscriptions but the one that is replaced. */
  #queriesLength(replaced: string): number {
    let length = 0;
    for (const { id, query } of this.#subscriptions.values())
      if (id !== replaced) length += query.length;
    return length;
  }

  #refuse(id: string | null, detail: string): void {
    this.#tell({ id, code: 'invalid-request', detail });
  }

  #tell({ detail, ...problem }: LiveProblem): void {
    this.#deps.transport.sendProblem({ ...problem, detail: detail.slice(0, MAX_PROBLEM_LENGTH) });
  }
}

function idOf(input: unknown): string | null {
  const parsed = liveUnsubscribeSchema.safeParse(input);
  return parsed.success ? parsed.data.id : null;
}
