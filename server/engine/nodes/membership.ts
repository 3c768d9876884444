import { randomUUID } from 'node:crypto';
import { classifyDatabaseError } from '#server/storage/database-errors.ts';
import { type BeatResult, LEASE_TTL_MS, type NodeRow } from '#server/storage/node-rows.ts';
import { type Owner } from '#server/storage/partition-rows.ts';
import { type Clock } from '../clock.ts';
import { type Logger } from '../logger.ts';
import { type Service } from '../service.ts';

const BEAT_MS = 3_000;
/** Beats between the regular ones keep this distance. */
const MIN_BEAT_MS = 20;
/** After a node's time is over, so that the next look finds it dead. */
const EXPIRY_SLACK_MS = 30;
/** Before its own lease ends a process stops handing out, by this much. */
const FRESH_MARGIN_MS = 500;
const SWEEP_EVERY_MS = 3_600_000;
const LEAVE_WITHIN_MS = 1_000;
const JOIN_ATTEMPTS = 5;
const JOIN_AGAIN_MS = 250;

type MembershipStore = {
  upsertNode(owner: Owner): Promise<void>;
  reviveNode(before: Owner, incarnation: string): Promise<boolean>;
  beatNode(
    owner: Owner,
    now: { readonly serves: readonly number[]; readonly leaving: boolean },
  ): Promise<BeatResult>;
  deleteNode(owner: Owner): Promise<void>;
  deleteForgottenNodes(): Promise<void>;
};

type MembershipDependencies = {
  readonly store: MembershipStore;
  readonly nodeId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ids of the subscriptions this process can deliver to now. */
  readonly serves: () => readonly number[];
  /** After each heartbeat. */
  readonly onBeat: () => Promise<void>;
  /** This process was not heard of for too long: whatever is in its hands must be dropped, before it goes on under a new incarnation. */
  readonly onLapse: () => void;
  /** It is a member again and has nothing. */
  readonly onRejoin: () => Promise<void>;
  /** Another process runs under this node's name: nothing may be delivered any more. */
  readonly onReplaced: () => void;
  /** The others should look who is there. */
  readonly tellOthers: () => void;
  /** From time to time, by whichever node comes first. */
  readonly sweep: () => Promise<void>;
};

/**
 * Keeps this process known as alive and knows who else is: one statement every three seconds, or sooner when something changed. Promises:
 * time is Postgres's; a process that was thought dead never goes on as if nothing had been; who leaves says so first.
 *
 *   member ──not heard of for LEASE_TTL_MS──▶ lapsed: drops all ──▶ member, under a new incarnation
 *   member ──leave──▶ leaving (holds, is given nothing) ──stop──▶ gone
 *   member ──another process takes the name──▶ replaced: delivers nothing any more
 */
export class Membership implements Service {
  readonly name = 'membership';
  readonly #deps: MembershipDependencies;
  readonly #stopping = new AbortController();
  #owner: Owner;
  /** Under which it has asked to be a member again, without an answer yet: this or the last one is what the database knows. */
  #joining: string | null = null;
  #others: readonly NodeRow[] = [];
  #served = '';
  #leaving = false;
  #freshUntilMs = Number.NEGATIVE_INFINITY;
  #version = 0;
  #sweptMs: number;
  #wake = new AbortController();
  #asked: { readonly done: Promise<void>; readonly resolve: () => void } | null = null;
  #running: Promise<void> | undefined;
  #following: Promise<void> = Promise.resolve();
  #followingNext: Promise<void> | null = null;

  constructor(deps: MembershipDependencies) {
    this.#deps = deps;
    this.#owner = { nodeId: deps.nodeId, incarnation: randomUUID() };
    this.#sweptMs = deps.clock.monotonicMs();
  }

  /** Under which this process owns what it takes from now on. */
  get owner(): Owner {
    return this.#owner;
  }

  /** Raised whenever the others, or what they serve, changed. */
  get version(): number {
    return this.#version;
  }

  get others(): readonly NodeRow[] {
    return this.#others;
  }

  get isLeaving(): boolean {
    return this.#leaving;
  }

  /** While false the others may think this process dead: it must not begin anything. */
  get isFresh(): boolean {
    return this.#deps.clock.monotonicMs() < this.#freshUntilMs;
  }

  async start(): Promise<void> {
    const sentMs = this.#deps.clock.monotonicMs();
    await this.#join();
    this.#freshUntilMs = sentMs + LEASE_TTL_MS - FRESH_MARGIN_MS;
    await this.#beat();
    this.#deps.tellOthers();
    this.#running = this.#loop();
  }

  // The first connection of a process that has much else to do while it starts may come too late.
  async #join(): Promise<void> {
    const { store, clock, logger } = this.#deps;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await store.upsertNode(this.#owner);
        return;
      } catch (error) {
        if (attempt === JOIN_ATTEMPTS || !isOfTheLink(error)) throw error;
        logger.warn({ err: error, attempt }, 'this node is not a member yet and tries again');
        await clock.sleep(JOIN_AGAIN_MS, this.#stopping.signal);
      }
    }
  }

  /** Resolves when a heartbeat that began after the call is done, with what follows from it. */
  beatNow(): Promise<void> {
    if (this.#running === undefined || this.#stopping.signal.aborted) return Promise.resolve();
    if (this.#asked === null) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#asked = { done: promise, resolve };
      this.#wake.abort();
    }
    return this.#asked.done;
  }

  /** From here on the others share what this process has, as fast as it gives it up. */
  async leave(): Promise<void> {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#version += 1;
    const { clock, tellOthers } = this.#deps;
    const over = new AbortController();
    // A database that does not answer must not keep the process from ending.
    await Promise.race([this.beatNow(), clock.sleep(LEAVE_WITHIN_MS, over.signal)]);
    over.abort();
    tellOthers();
  }

  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    this.#wake.abort();
    await this.#running;
    await this.#following;
    this.#asked?.resolve();
    this.#freshUntilMs = Number.NEGATIVE_INFINITY;
    const { nodeId, incarnation } = this.#owner;
    for (const known of [incarnation, this.#joining])
      if (known !== null) await this.#deps.store.deleteNode({ nodeId, incarnation: known });
    this.#deps.tellOthers();
  }

  async #loop(): Promise<void> {
    const { clock, logger } = this.#deps;
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(this.#nextBeatInMs(), this.#wake.signal);
      if (this.#stopping.signal.aborted) return;
      this.#wake = new AbortController();
      const asked = this.#asked;
      this.#asked = null;
      try {
        await this.#beat();
        await this.#sweep();
      } catch (error) {
        logger.warn({ err: error }, 'the heartbeat failed and is tried again');
      }
      // What follows may take long, and the next heartbeat does not wait for it.
      void this.#follow().then(() => asked?.resolve());
      await clock.sleep(MIN_BEAT_MS, this.#stopping.signal);
    }
  }

  /** The regular one, or the moment the next of the others is dead unless it is heard of. */
  #nextBeatInMs(): number {
    if (this.#asked !== null) return 0;
    const expiries = this.#others.map((node) => node.expiresInMs + EXPIRY_SLACK_MS);
    return Math.max(MIN_BEAT_MS, Math.min(BEAT_MS, ...expiries));
  }

  async #beat(): Promise<void> {
    const { clock, store } = this.#deps;
    if (this.#joining !== null) {
      await this.#rejoin(this.#joining);
      return;
    }
    const serves = this.#deps.serves();
    const sentMs = clock.monotonicMs();
    const now = { serves, leaving: this.#leaving };
    const beat = await store.beatNode(this.#owner, now);
    if (beat.state === 'replaced') {
      this.#replaced();
      return;
    }
    if (beat.state === 'lapsed') {
      this.#lapse();
      await this.#rejoin(null);
      return;
    }
    this.#freshUntilMs = sentMs + LEASE_TTL_MS - FRESH_MARGIN_MS;
    this.#see(beat);
    const served = serves.join();
    if (served !== this.#served) {
      this.#served = served;
      this.#version += 1;
      this.#deps.tellOthers();
    }
  }

  /** At most one at a time, and at most one more that begins after it. */
  #follow(): Promise<void> {
    if (!this.isFresh) return this.#following;
    if (this.#followingNext !== null) return this.#followingNext;
    const before = this.#following;
    const next = (async () => {
      await before;
      this.#followingNext = null;
      await this.#deps.onBeat().catch((error: unknown) => {
        this.#deps.logger.warn({ err: error }, 'what follows a heartbeat is tried with the next');
      });
    })();
    this.#followingNext = next;
    this.#following = next;
    return next;
  }

  #see(beat: BeatResult): void {
    const others = beat.others.toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
    const isSame = textOf(others) === textOf(this.#others);
    this.#others = others;
    if (!isSame) this.#version += 1;
  }

  #lapse(): void {
    this.#deps.logger.warn(
      { nodeId: this.#owner.nodeId },
      'this process was not heard of for too long: it drops what it had and joins anew',
    );
    this.#freshUntilMs = Number.NEGATIVE_INFINITY;
    this.#deps.onLapse();
  }

  /** `asked`: it has asked under this incarnation before and does not know whether it is that one by now. */
  async #rejoin(asked: string | null): Promise<void> {
    const { store, clock } = this.#deps;
    const before = this.#owner;
    const incarnation = asked ?? randomUUID();
    this.#joining = incarnation;
    const sentMs = clock.monotonicMs();
    if (!(await store.reviveNode(before, incarnation))) {
      this.#replaced();
      return;
    }
    this.#joining = null;
    this.#owner = { nodeId: before.nodeId, incarnation };
    // How long ago the database heard of it, when it was asked before, the next heartbeat shows.
    if (asked === null) this.#freshUntilMs = sentMs + LEASE_TTL_MS - FRESH_MARGIN_MS;
    this.#served = '';
    this.#version += 1;
    await this.#deps.onRejoin();
    this.#wake.abort();
  }

  #replaced(): void {
    const { nodeId } = this.#owner;
    this.#freshUntilMs = Number.NEGATIVE_INFINITY;
    this.#deps.logger.error(
      { nodeId },
      'another process runs under this node id; this one delivers nothing any more',
    );
    this.#stopping.abort();
    this.#deps.onReplaced();
  }

  async #sweep(): Promise<void> {
    const { clock, store } = this.#deps;
    if (clock.monotonicMs() - this.#sweptMs < SWEEP_EVERY_MS) return;
    this.#sweptMs = clock.monotonicMs();
    await store.deleteForgottenNodes();
    await this.#deps.sweep();
  }
}

const textOf = (nodes: readonly NodeRow[]): string =>
  nodes.map((node) => `${node.nodeId}:${node.serves.join()}`).join(';');

const isOfTheLink = (error: unknown): boolean =>
  ['connection', 'unavailable'].includes(classifyDatabaseError(error));
