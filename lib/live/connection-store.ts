import { create } from 'zustand';

/** How the page stands to the server. `stale` = disconnected for long enough that what is shown must be doubted. */
export type ConnectionState = 'connecting' | 'live' | 'catching-up' | 'reconnecting';

export type Connection = {
  readonly state: ConnectionState;
  /** When the last frame of any kind came; what is on screen is as of then. */
  readonly lastFrameAt: number | null;
  /** Measured: event recorded → painted, p95 of the latest frames. Null until a feed has shown something. */
  readonly publishToScreenMs: number | null;
  /** Measured: stats written on the server → applied here. */
  readonly serverToScreenMs: number | null;
  /** Events left out of frames since the page was opened. */
  readonly dropped: number;
};

/** Written by lib/live only. */
export const useConnectionStore = create<Connection>()(() => ({
  state: 'connecting',
  lastFrameAt: null,
  publishToScreenMs: null,
  serverToScreenMs: null,
  dropped: 0,
}));
