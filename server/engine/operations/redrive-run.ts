import { z } from 'zod';
import { type Database, withTransaction } from '#server/storage/database.ts';
import {
  type LetterTally,
  selectWaitingLetters,
  settleOperationLetters,
  tallyOperationLetters,
  updateOperationLetters,
} from '#server/storage/operation-letter-rows.ts';
import { statementsOn } from '../broker/broker-store.ts';
import { type Redelivery } from '../broker/redelivery.ts';
import { type Clock } from '../clock.ts';
import {
  type LiveProgress,
  type OperationRun,
  type RunContext,
  type RunEnd,
} from './operation-run.ts';
import { Pace, paceSettings } from './pace.ts';
import { ProgressMeter } from './progress-meter.ts';
import { failureLimit, mustStop, stageEnd, stageSizes } from './redrive-stages.ts';

/** Letters given back and not settled. */
const MAX_IN_FLIGHT = 200;
/** With a limit of failures a redrive begins with this many and widens as letters are cured. */
const FIRST_WINDOW = 10;
const MAX_PER_TRANSACTION = 50;
/** At a rate, letters go in small groups of what falls due in this time. */
const GROUP_MS = 50;
/** Outcomes are counted no more often than this, and looked for at least this often. */
const COUNT_AT_MOST_EVERY_MS = 50;
const COUNT_AT_LEAST_EVERY_MS = 1_000;
/** Waits longer than this are used to count. */
const COUNT_WHILE_WAITING_MS = 100;

export const redriveParamsSchema = z.object({
  ratePerSecond: z.number().optional(),
  canary: z.union([z.boolean(), z.number()]).optional(),
  stopAtFailureRate: z.number().optional(),
});

export type RedriveDependencies = {
  readonly database: Database;
  readonly redelivery: Redelivery;
  readonly clock: Clock;
};

/**
 * Gives letters back to their consumers, stage by stage. Promises: a letter counts as done only when its consumer acknowledged
 * it, and as failed when it is dead again; letters it does not come to stay as they are. All it knows is in the rows of the
 * letters, so a crash loses and repeats nothing.
 */
export class RedriveRun implements OperationRun {
  readonly #deps: RedriveDependencies;
  readonly #context: RunContext;
  readonly #params: z.infer<typeof redriveParamsSchema>;
  readonly #pace: Pace;
  readonly #meter: ProgressMeter;
  readonly #noMore = new AbortController();
  readonly #abandoned = new AbortController();
  #news = new AbortController();
  #tally: LetterTally = { waiting: 0, running: 0, done: 0, failed: 0, skipped: 0 };
  #target: string | null;

  constructor(deps: RedriveDependencies, context: RunContext) {
    this.#deps = deps;
    this.#context = context;
    this.#params = redriveParamsSchema.parse(context.row.params);
    this.#pace = new Pace(paceSettings({ ratePerSecond: this.#params.ratePerSecond }), deps.clock);
    this.#meter = new ProgressMeter(deps.clock);
    this.#target = context.row.target;
    this.#tally = { ...this.#tally, done: context.row.done, failed: context.row.failed };
  }

  async run(): Promise<RunEnd> {
    const { id } = this.#context.row;
    const stopListening = this.#deps.redelivery.onLetterSettled((letter) => {
      if (letter.operationId === id) this.#news.abort();
    });
    try {
      this.#tally = await tallyOperationLetters(this.#deps.database.pool, id);
      return await this.#work();
    } finally {
      stopListening();
    }
  }

  interrupt(how: 'drain' | 'abandon'): void {
    this.#noMore.abort();
    if (how === 'abandon') this.#abandoned.abort();
    this.#news.abort();
  }

  progress(): LiveProgress {
    const { done, failed } = this.#tally;
    return {
      done,
      failed,
      position: null,
      perSecond: this.#meter.perSecond(),
      detail: this.#detail(),
    };
  }

  async save(): Promise<void> {
    const { done, failed } = this.#tally;
    const held = await this.#context.store({
      done,
      failed,
      position: null,
      detail: this.#detail(),
    });
    if (!held && !this.#noMore.signal.aborted) this.interrupt('abandon');
  }

  #detail(): string | null {
    if (this.#target === null) return null;
    const state = this.#deps.redelivery.targetState(this.#target);
    return state.type === 'waiting' ? state.detail : null;
  }

  async #work(): Promise<RunEnd> {
    const sizes = stageSizes(this.#context.row.total, this.#params.canary ?? false);
    const limit = failureLimit(this.#params);
    while (!this.#abandoned.signal.aborted) {
      const { waiting, running, done, failed } = this.#tally;
      const stopping = mustStop({ done, failed, limit, stageSettled: this.#stageSettled(sizes) });
      if (running === 0) {
        if (stopping) return { type: 'stopped', detail: stoppedAt(this.#tally) };
        if (waiting === 0) return { type: 'finished', detail: skippedDetail(this.#tally) };
        if (this.#noMore.signal.aborted) return { type: 'interrupted' };
      }
      const room = stopping || this.#noMore.signal.aborted ? 0 : this.#room(sizes, limit);
      const given = room > 0 ? await this.#give(room) : 0;
      if (given === 0) await this.#waitForNews(COUNT_AT_LEAST_EVERY_MS);
      else if (this.#news.signal.aborted) await this.#count();
    }
    return { type: 'interrupted' };
  }

  #stageSettled(sizes: readonly number[]): boolean {
    const { waiting, running, done, failed, skipped } = this.#tally;
    const settled = done + failed + skipped;
    return (
      running === 0 && (waiting === 0 || stageEnd(settled, sizes) > stageEnd(settled - 1, sizes))
    );
  }

  /** How many letters may be given back now. With a limit of failures it grows with what is known to be cured. */
  #room(sizes: readonly number[], limit: number | null): number {
    const { waiting, running, done, failed, skipped } = this.#tally;
    const settled = done + failed + skipped;
    const window =
      limit === null ? MAX_IN_FLIGHT : Math.min(MAX_IN_FLIGHT, Math.max(FIRST_WINDOW, done));
    return Math.min(stageEnd(settled, sizes) - settled - running, window - running, waiting);
  }

  /** Waits for their turn and gives some letters back, at most `room`. Returns how many left the queue. */
  async #give(room: number): Promise<number> {
    const { clock, database, redelivery } = this.#deps;
    const rate = this.#params.ratePerSecond;
    const group = rate === undefined ? MAX_PER_TRANSACTION : Math.ceil((rate * GROUP_MS) / 1_000);
    const size = Math.min(room, group, MAX_PER_TRANSACTION);
    let wait = 0;
    for (let i = 0; i < size; i += 1) wait = this.#pace.take(0);
    const dueAt = clock.monotonicMs() + wait;
    for (let left = wait; left > 0 && !this.#noMore.signal.aborted; ) {
      if (left > COUNT_WHILE_WAITING_MS) await this.#waitForNews(left - COUNT_WHILE_WAITING_MS);
      else await clock.sleep(left, this.#noMore.signal);
      left = dueAt - clock.monotonicMs();
    }
    if (this.#noMore.signal.aborted) return 0;
    const { id } = this.#context.row;
    const taken = await withTransaction(database.pool, async (tx) => {
      const wanted = await selectWaitingLetters(tx, id, size);
      const redriven = await redelivery.redrive(statementsOn(tx), wanted, id);
      const running = new Set(redriven.map(({ letterId }) => letterId));
      const skipped = wanted.filter((letterId) => !running.has(letterId));
      await updateOperationLetters(tx, id, [...running], 'running');
      await updateOperationLetters(tx, id, skipped, 'skipped');
      return { redriven, running: running.size, skipped: skipped.length };
    });
    for (const name of new Set(taken.redriven.map(({ subscription }) => subscription)))
      redelivery.wake(name);
    const left = taken.running + taken.skipped;
    this.#tally = {
      ...this.#tally,
      waiting: left === 0 ? 0 : this.#tally.waiting - left,
      running: this.#tally.running + taken.running,
      skipped: this.#tally.skipped + taken.skipped,
    };
    return left;
  }

  /** Until something has settled, or the time is up; then counts. */
  async #waitForNews(atMostMs: number): Promise<void> {
    const { clock } = this.#deps;
    await clock.sleep(Math.min(atMostMs, COUNT_AT_LEAST_EVERY_MS), this.#news.signal);
    await clock.sleep(COUNT_AT_MOST_EVERY_MS, this.#abandoned.signal);
    await this.#count();
  }

  async #count(): Promise<void> {
    this.#news = new AbortController();
    const settled = await settleOperationLetters(this.#deps.database.pool, this.#context.row.id);
    for (const { state, count } of settled) {
      const running = this.#tally.running - count;
      this.#tally = { ...this.#tally, running, [state]: this.#tally[state] + count };
      this.#meter.add(count);
    }
    await this.save();
    this.#context.moved();
  }
}

const stoppedAt = ({ failed, done, waiting }: LetterTally): string =>
  `${failed} of ${failed + done} letters failed again, more than allowed; ${waiting} were not tried and stay open.`;

const skippedDetail = ({ skipped }: LetterTally): string | null =>
  skipped === 0 ? null : `${skipped} letters had been settled by somebody else.`;
