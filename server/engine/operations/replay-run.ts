import { z } from 'zod';
import { eventFilterSchema } from '#contracts/event.ts';
import { type Redelivery } from '../broker/redelivery.ts';
import { type Clock } from '../clock.ts';
import { type EventReader } from '../engine-parts.ts';
import { isEngineError } from '../errors.ts';
import { type LogRecord } from '../log/event-record.ts';
import { Bell } from './bell.ts';
import { LowWatermark } from './low-watermark.ts';
import {
  type LiveProgress,
  type OperationRun,
  type RunContext,
  type RunEnd,
} from './operation-run.ts';
import { Pace, paceSettings } from './pace.ts';
import { ProgressMeter } from './progress-meter.ts';

/** Deliveries handed to the target and not settled. */
const MAX_IN_FLIGHT = 256;
/** Deliveries above the watermark: what may come twice after a crash. */
const MAX_AHEAD = 1_000;
const SAVE_EVERY_MS = 200;
const SAVE_EVERY_EVENTS = 200;
/** A run with nothing to save still renews its lease. */
const RENEW_EVERY_MS = 1_000;

/** What a replay is, as its row holds it: ends resolved to positions, filter completed from the target's own. */
export const replayParamsSchema = z.object({
  fromPosition: z.number(),
  toPosition: z.number(),
  filter: eventFilterSchema,
  target: z.object({ subscription: z.string() }),
  ratePerSecond: z.number().optional(),
  speed: z.number().optional(),
});
export type ReplayParams = z.infer<typeof replayParamsSchema>;

export type ReplayDependencies = {
  readonly reader: Pick<EventReader, 'scan'>;
  readonly redelivery: Redelivery;
  readonly clock: Clock;
};

/**
 * Reads a range in order and hands each event to one subscription. Promises: nothing of the range is left out; after a
 * crash it goes on behind the watermark, so that at most MAX_AHEAD events come twice, marked as the replay they are.
 */
export class ReplayRun implements OperationRun {
  readonly #deps: ReplayDependencies;
  readonly #context: RunContext;
  readonly #params: ReplayParams;
  readonly #watermark: LowWatermark;
  readonly #pace: Pace;
  readonly #meter: ProgressMeter;
  readonly #changed = new Bell();
  readonly #noMore = new AbortController();
  readonly #abandoned = new AbortController();
  #saveNow = new AbortController();
  #saved: number;
  #storedAt = 0;
  #error: unknown = null;

  constructor(deps: ReplayDependencies, context: RunContext) {
    const { row } = context;
    this.#deps = deps;
    this.#context = context;
    this.#params = replayParamsSchema.parse(row.params);
    const position = row.position ?? this.#params.fromPosition - 1;
    this.#watermark = new LowWatermark({ position, done: row.done, failed: row.failed });
    this.#pace = new Pace(paceSettings(this.#params), deps.clock);
    this.#meter = new ProgressMeter(deps.clock);
    this.#saved = row.done + row.failed;
  }

  async run(): Promise<RunEnd> {
    const finished = new AbortController();
    const saving = this.#saveUntil(finished.signal);
    try {
      await this.#deliverRange();
      while (this.#watermark.inFlight > 0 && !this.#abandoned.signal.aborted)
        await this.#changed.heard();
    } finally {
      finished.abort();
      this.#saveNow.abort();
      await saving;
    }
    await this.save();
    if (this.#error !== null) throw this.#error;
    return this.#noMore.signal.aborted
      ? { type: 'interrupted' }
      : { type: 'finished', detail: null };
  }

  interrupt(how: 'drain' | 'abandon'): void {
    this.#noMore.abort();
    if (how === 'abandon') this.#abandoned.abort();
    this.#changed.ring();
  }

  progress(): LiveProgress {
    const settled = this.#watermark.settledSoFar;
    return {
      done: settled.done,
      failed: settled.failed,
      position: this.#watermark.position,
      perSecond: this.#meter.perSecond(),
      detail: this.#detail(),
    };
  }

  async save(): Promise<void> {
    const { done, failed, position } = this.#watermark;
    const held = await this.#context.store({ done, failed, position, detail: this.#detail() });
    this.#saved = done + failed;
    this.#storedAt = this.#deps.clock.monotonicMs();
    // Somebody changed its state or took it over: whoever did goes on from the row.
    if (!held && !this.#noMore.signal.aborted) this.interrupt('abandon');
  }

  #detail(): string | null {
    const state = this.#deps.redelivery.targetState(this.#params.target.subscription);
    return state.type === 'waiting' ? state.detail : null;
  }

  async #deliverRange(): Promise<void> {
    const { signal } = this.#noMore;
    const fromPosition = this.#watermark.position + 1;
    const { toPosition, filter } = this.#params;
    if (fromPosition > toPosition) return;
    const query = { ...filter, fromPosition, toPosition };
    const pages = this.#deps.reader.scan(
      { ...query, timeField: 'time', direction: 'forward' },
      signal,
    );
    for await (const page of pages) {
      for (const record of page) {
        await this.#turn(record);
        if (signal.aborted) return;
        this.#deliver(record);
      }
    }
  }

  /** Waits until the pace and the window let the next one go. */
  async #turn(record: LogRecord): Promise<void> {
    const { signal } = this.#noMore;
    const wait = this.#pace.take(Date.parse(record.recordedAt));
    if (wait > 0) await this.#deps.clock.sleep(wait, signal);
    while (!signal.aborted && this.#windowIsFull()) await this.#changed.heard();
  }

  #windowIsFull(): boolean {
    return this.#watermark.inFlight >= MAX_IN_FLIGHT || this.#watermark.ahead >= MAX_AHEAD;
  }

  #deliver(record: LogRecord): void {
    const { position } = record;
    this.#watermark.begin(position);
    this.#deps.redelivery
      .deliver(this.#params.target.subscription, record, { operationId: this.#context.row.id })
      .then((outcome) => this.#settle(position, outcome === 'acknowledged' ? 'done' : 'failed'))
      .catch((error: unknown) => this.#giveUp(error));
  }

  #settle(position: number, outcome: 'done' | 'failed'): void {
    this.#watermark.settle(position, outcome);
    this.#meter.add(1);
    this.#changed.ring();
    if (this.#watermark.done + this.#watermark.failed >= this.#saved + SAVE_EVERY_EVENTS)
      this.#saveNow.abort();
    this.#context.moved();
  }

  #giveUp(error: unknown): void {
    if (!isEngineError(error, 'stopping')) this.#error ??= error;
    this.interrupt('abandon');
  }

  async #saveUntil(finished: AbortSignal): Promise<void> {
    while (!finished.aborted) {
      await this.#deps.clock.sleep(SAVE_EVERY_MS, this.#saveNow.signal);
      this.#saveNow = new AbortController();
      const settled = this.#watermark.done + this.#watermark.failed;
      const quietMs = this.#deps.clock.monotonicMs() - this.#storedAt;
      if (finished.aborted || (settled === this.#saved && quietMs < RENEW_EVERY_MS)) continue;
      await this.save().catch((error: unknown) => this.#giveUp(error));
      this.#context.moved();
    }
  }
}
