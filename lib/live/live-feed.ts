import { type EventFilter, type StoredEvent } from '#contracts/event.ts';
import { type EventsFrame } from '#contracts/live-feed.ts';
import { applyLiveFrame, type LiveRows, NO_ROWS } from './apply-live-frame.ts';
import { useConnectionStore } from './connection-store.ts';
import { LatencyWindow } from './latency-window.ts';
import { type LiveSocket } from './socket.ts';

/** What a component sees of a feed. `rows` stand still while paused; `waiting` goes on counting. */
export type LiveFeedView = {
  readonly rows: readonly StoredEvent[];
  readonly isPaused: boolean;
  /** Events that came since the pause. */
  readonly waiting: number;
  readonly received: number;
  readonly sampledOut: number;
  readonly sampling: number;
  readonly trimmed: number;
  readonly isCatchingUp: boolean;
  readonly problem: string | null;
};

export const EMPTY_FEED_VIEW: LiveFeedView = {
  rows: [],
  isPaused: false,
  waiting: 0,
  received: 0,
  sampledOut: 0,
  sampling: 1,
  trimmed: 0,
  isCatchingUp: false,
  problem: null,
};

let nextFeed = 0;

/** Events of all feeds of this tab, recorded → painted. */
const latencies = new LatencyWindow();

/**
 * One live query: subscribes, merges frames outside React, wakes its listeners at most once per painted frame, and
 * after a reconnect asks for what came since the last position it has. Bounded by LIVE_ROWS_MAX.
 */
export class LiveFeed {
  readonly #id: string;
  readonly #query: EventFilter;
  readonly #listeners = new Set<() => void>();
  #state: LiveRows = NO_ROWS;
  #frozen: LiveRows | null = null;
  #view: LiveFeedView = EMPTY_FEED_VIEW;
  #problem: string | null = null;
  #wake: number | null = null;
  #socket: LiveSocket | null = null;

  constructor(options: {
    /** Who shows it; told apart from other feeds of the same owner by the query. */
    owner: string;
    query: EventFilter;
    fromPosition?: number | undefined;
  }) {
    nextFeed += 1;
    this.#id = `${options.owner}${nextFeed}`;
    this.#query = options.query;
    this.#state = { ...NO_ROWS, position: options.fromPosition ?? null };
  }

  /** May be called again after stop; it then goes on from the last position. */
  start(socket: LiveSocket): void {
    this.#socket = socket;
    socket.on('events', this.#onFrame);
    socket.on('problem', this.#onProblem);
    socket.on('connect', this.#ask);
    if (socket.connected) this.#ask();
  }

  stop(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.off('events', this.#onFrame);
    socket?.off('problem', this.#onProblem);
    socket?.off('connect', this.#ask);
    if (socket?.connected) socket.emit('unsubscribe', { id: this.#id });
    if (this.#wake !== null) cancelAnimationFrame(this.#wake);
    this.#wake = null;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly view = (): LiveFeedView => this.#view;

  readonly pause = (): void => {
    this.#frozen ??= this.#state;
    this.#refresh();
  };

  readonly resume = (): void => {
    this.#frozen = null;
    this.#refresh();
  };

  /** Empties the view; the feed goes on from where it is. */
  readonly clear = (): void => {
    this.#state = { ...NO_ROWS, position: this.#state.position };
    this.#frozen = this.#frozen ? this.#state : null;
    this.#refresh();
  };

  readonly #ask = (): void => {
    const { position } = this.#state;
    this.#problem = null;
    this.#socket?.emit(
      'subscribe',
      {
        id: this.#id,
        query: this.#query,
        ...(position === null ? {} : { fromPosition: position }),
      },
      (answer) => {
        // Events between this answer and a first frame lost to a disconnect are asked for again.
        const known = this.#state.position ?? answer.position;
        this.#state = { ...this.#state, position: known };
      },
    );
  };

  readonly #onFrame = (frame: EventsFrame): void => {
    if (frame.id !== this.#id) return;
    this.#state = applyLiveFrame(this.#state, frame);
    this.#socket?.emit('received', { id: this.#id, position: frame.position });
    noteFrame(frame);
    this.#wake ??= requestAnimationFrame(() => {
      this.#wake = null;
      this.#refresh();
      if (!frame.catchingUp) notePainted(frame);
    });
  };

  readonly #onProblem = (problem: {
    readonly id: string | null;
    readonly detail: string;
  }): void => {
    if (problem.id !== this.#id) return;
    this.#problem = problem.detail;
    this.#refresh();
  };

  #refresh(): void {
    const shown = this.#frozen ?? this.#state;
    this.#view = {
      rows: shown.rows,
      isPaused: this.#frozen !== null,
      waiting: this.#frozen ? this.#state.received - this.#frozen.received : 0,
      received: this.#state.received,
      sampledOut: this.#state.sampledOut,
      sampling: this.#state.sampling,
      trimmed: shown.trimmed,
      isCatchingUp: this.#state.isCatchingUp,
      problem: this.#problem,
    };
    for (const listener of this.#listeners) listener();
  }
}

function noteFrame(frame: EventsFrame): void {
  useConnectionStore.setState((connection) => ({
    state: frame.catchingUp ? 'catching-up' : 'live',
    lastFrameAt: Date.now(),
    dropped: connection.dropped + (frame.dropped ?? 0),
  }));
}

function notePainted(frame: EventsFrame): void {
  const newest = frame.items.at(-1);
  if (!newest) return;
  const publishToScreenMs = latencies.add(Date.now() - Date.parse(newest.recordedAt));
  useConnectionStore.setState({ publishToScreenMs });
}
