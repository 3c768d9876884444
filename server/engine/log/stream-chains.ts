import { type PreparedAppend } from './append-plan.ts';
import { type StreamFact } from './event-log.ts';

const MAX_STREAMS = 64;
const MAX_EVENTS_PER_STREAM = 256;
const MAX_BYTES_PER_STREAM = 262_144;
const FACT_OVERHEAD_BYTES = 300;

/** A stretch of a stream without a gap: the events after version `base`. */
type Chain = { readonly base: number; readonly events: readonly StreamFact[] };

const versionOf = (chain: Chain): number => chain.base + chain.events.length;

/**
 * The newest events of the streams whose writers decide again: what one of them has not seen yet is handed to it without a read. At most
 * MAX_STREAMS, the longest unused goes first. What it says may be outdated; the log compares versions in any case.
 */
export class RecentStreams {
  readonly #chains = new Map<string, Chain>();

  get(streamId: string): Chain | undefined {
    return this.#chains.get(streamId);
  }

  /** The stream holds `events` behind `base`. */
  note(streamId: string, base: number, events: readonly StreamFact[]): void {
    const known = this.#chains.get(streamId);
    const joins = known !== undefined && versionOf(known) === base;
    const chain = joins
      ? { base: known.base, events: [...known.events, ...events] }
      : { base, events };
    this.#chains.delete(streamId);
    this.#chains.set(streamId, shortened(chain));
    if (this.#chains.size <= MAX_STREAMS) return;
    for (const oldest of this.#chains.keys()) {
      this.#chains.delete(oldest);
      return;
    }
  }

  /** It was wrong about the stream. */
  forget(streamId: string): void {
    this.#chains.delete(streamId);
  }
}

/** What the streams of one batch will hold behind each of its appends, as far as that is known. */
export class BatchChains {
  readonly #recent: RecentStreams;
  readonly #chains = new Map<string, Chain>();

  constructor(recent: RecentStreams) {
    this.#recent = recent;
  }

  /**
   * The append as it is to be sent: decided again when its stream is already further than it expects and it can be told by what, else as
   * it was decided on what was read. If one before it is not stored after all, neither is it: it then expects a version the stream does not
   * have. What gives up or fails is sent as it is: its conflict decides.
   */
  place(append: PreparedAppend, fromDisk: PreparedAppend | null): PreparedAppend {
    const { streamId } = append;
    if (streamId === null) return append;
    const chain = this.#chainOf(streamId, expectedNumber(fromDisk ?? append));
    if (chain === null) return append;
    const placed = fitting(append, chain) ?? (fromDisk === null ? null : fitting(fromDisk, chain));
    if (placed === null) return fromDisk ?? append;
    this.#chains.set(streamId, { base: chain.base, events: [...chain.events, ...placed.events] });
    return placed;
  }

  #chainOf(streamId: string, expected: number | null): Chain | null {
    const known = this.#chains.get(streamId) ?? this.#recent.get(streamId);
    if (known !== undefined) return known;
    return expected === null ? null : { base: expected, events: [] };
  }
}

/** Null for an append that names no version. */
export function expectedNumber({ expected }: PreparedAppend): number | null {
  if (expected === 'noStream') return 0;
  return typeof expected === 'number' ? expected : null;
}

/** The append, itself or decided again, when the end of the chain is where it goes. */
function fitting(append: PreparedAppend, chain: Chain): PreparedAppend | null {
  const version = versionOf(chain);
  const expected = expectedNumber(append);
  if (expected === null || expected === version) return append;
  if (append.decideAgain === null || expected < chain.base || expected > version) return null;
  try {
    return append.decideAgain({ version, events: chain.events.slice(expected - chain.base) });
  } catch {
    return null;
  }
}

function shortened(chain: Chain): Chain {
  let bytes = 0;
  let first = chain.events.length;
  while (first > 0 && chain.events.length - first < MAX_EVENTS_PER_STREAM) {
    const event = chain.events[first - 1];
    bytes += FACT_OVERHEAD_BYTES + (event?.dataText?.length ?? event?.dataBinary?.length ?? 0);
    if (bytes > MAX_BYTES_PER_STREAM) break;
    first -= 1;
  }
  return { base: chain.base + first, events: chain.events.slice(first) };
}
