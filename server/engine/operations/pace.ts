import { type Clock } from '../clock.ts';

/** How fast an operation may go: at a rate, at a multiple of the pace of the past, or as fast as its target takes it. */
export type PaceSettings =
  | { readonly type: 'rate'; readonly ratePerSecond: number }
  | { readonly type: 'speed'; readonly speed: number }
  | { readonly type: 'unlimited' };

/** What was missed by a late timer may be caught up with this much at once, and no more. */
const BURST_MS = 100;
/** Quiet stretches of the past are not waited out longer than this, so that a paused night does not stall a replay. */
const LONGEST_GAP_MS = 60_000;

/** Spaces items evenly: `take` says how long the next one must wait. A pause earns no burst. */
export class Pace {
  readonly #settings: PaceSettings;
  readonly #clock: Clock;
  #nextAt: number;
  #lastRecordedAt: number | null = null;

  constructor(settings: PaceSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#nextAt = clock.monotonicMs();
  }

  /** Milliseconds until the next item is due. `recordedAtMs` counts at a pace of the past alone. */
  take(recordedAtMs: number): number {
    const settings = this.#settings;
    if (settings.type === 'unlimited') return 0;
    const now = this.#clock.monotonicMs();
    this.#nextAt = Math.max(this.#nextAt, now - BURST_MS);
    if (settings.type === 'rate') {
      const due = this.#nextAt;
      this.#nextAt += 1_000 / settings.ratePerSecond;
      return Math.max(0, due - now);
    }
    const gap = recordedAtMs - (this.#lastRecordedAt ?? recordedAtMs);
    this.#lastRecordedAt = recordedAtMs;
    this.#nextAt += Math.min(Math.max(0, gap) / settings.speed, LONGEST_GAP_MS);
    return Math.max(0, this.#nextAt - now);
  }
}

export function paceSettings(request: {
  readonly ratePerSecond?: number | undefined;
  readonly speed?: number | undefined;
}): PaceSettings {
  if (request.ratePerSecond !== undefined)
    return { type: 'rate', ratePerSecond: request.ratePerSecond };
  if (request.speed !== undefined) return { type: 'speed', speed: request.speed };
  return { type: 'unlimited' };
}
