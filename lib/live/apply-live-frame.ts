import { type StoredEvent } from '#contracts/event.ts';
import { type EventsFrame } from '#contracts/live-feed.ts';

/** Rows a feed keeps in the browser; older ones leave the view. */
export const LIVE_ROWS_MAX = 10_000;

/** What one feed holds. `rows` are newest first; `position` is how far the feed has come. */
export type LiveRows = {
  readonly rows: readonly StoredEvent[];
  readonly position: number | null;
  /** Matches seen since the start, sampled-out ones included. */
  readonly received: number;
  /** Matches the server left out because there were too many to show. */
  readonly sampledOut: number;
  /** Rows that left the view because the buffer is full. */
  readonly trimmed: number;
  readonly isCatchingUp: boolean;
  /** Of the last frame: 20 means "1 in 20 shown"; 1 means all. */
  readonly sampling: number;
};

export const NO_ROWS: LiveRows = {
  rows: [],
  position: null,
  received: 0,
  sampledOut: 0,
  trimmed: 0,
  isCatchingUp: false,
  sampling: 1,
};

/** Merges a frame: nothing twice, order by position, never more than `maxRows`. */
export function applyLiveFrame(
  state: LiveRows,
  frame: EventsFrame,
  maxRows: number = LIVE_ROWS_MAX,
): LiveRows {
  const from = state.position ?? -1;
  const fresh = frame.items.filter((event) => event.position > from);
  const newestFirst = fresh.toSorted((a, b) => b.position - a.position);
  const joined = fresh.length === 0 ? state.rows : [...newestFirst, ...state.rows];
  const rows = joined.length > maxRows ? joined.slice(0, maxRows) : joined;
  const dropped = frame.dropped ?? 0;
  return {
    rows,
    position: Math.max(from, frame.position, 0),
    received: state.received + fresh.length + dropped,
    sampledOut: state.sampledOut + dropped,
    trimmed: state.trimmed + (joined.length - rows.length),
    isCatchingUp: frame.catchingUp === true,
    sampling: samplingOf(fresh.length, dropped),
  };
}

function samplingOf(shown: number, dropped: number): number {
  if (dropped === 0 || shown === 0) return 1;
  return Math.round((shown + dropped) / shown);
}
