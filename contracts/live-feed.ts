import { z } from 'zod';
import { eventFilterSchema, type StoredEvent } from './event.ts';
import { type Operation } from './operation.ts';
import { type Topology } from './topology.ts';

/** Bounds of one client's feed; beyond them frames carry a sample and say how many were left out. */
export const MAX_FRAMES_PER_SECOND = 10;
export const MAX_FRAME_EVENTS = 500;
export const MAX_FRAME_BYTES = 256 * 1_024;
export const MAX_LIVE_SUBSCRIPTIONS = 20;
/** Of the queries of one client as JSON, in characters. */
export const MAX_LIVE_QUERIES_LENGTH = 8 * 1_024;
/**
 * A payload above this is left out of a frame, and so are extension attributes above it: the event then has
 * `datatruncated: true` and is read whole by its id.
 */
export const MAX_LIVE_DATA_BYTES = 16 * 1_024;
/** Frames a client may leave unacknowledged once it has begun to acknowledge. */
export const MAX_UNACKNOWLEDGED_FRAMES = 2;

/** `fromPosition` is the last position the client has; frames start after it. Absent: from now on. */
export const liveSubscribeSchema = z.object({
  id: z.string().min(1).max(100),
  query: eventFilterSchema.strict().default({}),
  fromPosition: z.number().int().min(0).optional(),
});
export type LiveSubscribe = z.input<typeof liveSubscribeSchema>;

export const liveUnsubscribeSchema = z.object({ id: z.string().max(100) });
export const liveWatchSchema = z.object({
  stats: z.boolean().default(false),
  operations: z.boolean().default(false),
});
export const liveReceivedSchema = z.object({
  id: z.string().max(100),
  position: z.number().int().min(0),
});

/**
 * `position` is how far the feed has come (events that do not match included). Frames without items come now and then to
 * move it on. `dropped` is the number of matching events left out of a sampled frame.
 */
export type EventsFrame = {
  readonly id: string;
  readonly items: readonly StoredEvent[];
  readonly position: number;
  readonly sampled?: true;
  readonly dropped?: number;
  readonly catchingUp?: true;
};

/** Once a second: the measured graph (rates of the last 10 s), and the numbers of the footer. */
export type StatsFrame = {
  readonly topology: Topology;
  readonly position: number;
  readonly at: string;
};

export type LiveProblem = {
  readonly id: string | null;
  readonly code: string;
  readonly detail: string;
};

export type ServerToClientEvents = {
  events: (frame: EventsFrame) => void;
  stats: (frame: StatsFrame) => void;
  operation: (operation: Operation) => void;
  problem: (problem: LiveProblem) => void;
};
export type ClientToServerEvents = {
  subscribe: (
    request: LiveSubscribe,
    done?: (answer: { readonly position: number }) => void,
  ) => void;
  unsubscribe: (request: { readonly id: string }) => void;
  /** `stats` frames are sent only to those who ask. */
  watch: (request: { readonly stats: boolean; readonly operations: boolean }) => void;
  /**
   * The client acknowledges a frame; a client two frames behind gets coalesced ones. Acknowledging is optional: a client
   * that never does is held back by its transport alone.
   */
  received: (request: { readonly id: string; readonly position: number }) => void;
};
