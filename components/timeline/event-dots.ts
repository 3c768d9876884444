import { type Causation, type StoredEvent } from '#contracts/event.ts';
import { type LaneKind, laneOf } from './timeline-lanes.ts';

export type EventDot = {
  readonly id: string;
  readonly at: number;
  readonly lane: string;
  readonly type: string;
  readonly topic: string;
  readonly position: number;
  readonly causationId: string | null;
};

export type EventDots = {
  readonly byLane: ReadonlyMap<string, readonly EventDot[]>;
  readonly byId: ReadonlyMap<string, EventDot>;
  readonly effects: ReadonlyMap<string, readonly string[]>;
  readonly count: number;
};

const toDot = (event: StoredEvent, lane: string): EventDot => ({
  id: event.id,
  at: Date.parse(event.recordedAt),
  lane,
  type: event.type,
  topic: event.topic,
  position: event.position,
  causationId: event.causationid ?? null,
});

/** Indexes events for drawing and for following causes; each lane is sorted by time. Doubles are dropped. */
export const indexDots = (
  events: Iterable<StoredEvent>,
  kind: LaneKind,
  lanes: ReadonlySet<string>,
): EventDots => {
  const byLane = new Map<string, EventDot[]>();
  const byId = new Map<string, EventDot>();
  const effects = new Map<string, string[]>();
  for (const event of events) {
    const lane = laneOf(event, kind);
    if (lane === null || !lanes.has(lane) || byId.has(event.id)) continue;
    const dot = toDot(event, lane);
    byId.set(dot.id, dot);
    const row = byLane.get(lane);
    if (row) row.push(dot);
    else byLane.set(lane, [dot]);
    if (dot.causationId === null) continue;
    const known = effects.get(dot.causationId);
    if (known) known.push(dot.id);
    else effects.set(dot.causationId, [dot.id]);
  }
  for (const row of byLane.values()) row.sort((a, b) => a.position - b.position);
  return { byLane, byId, effects, count: byId.size };
};

export type Arc = { readonly from: EventDot; readonly to: EventDot };

/** A flow wider than this is cut; the flow's own page shows all of it. */
const MAX_ARCS = 300;

/** From the event up to its first cause and down to all that came of it, as far as they are loaded. */
export const arcsAround = (id: string, dots: EventDots): readonly Arc[] => {
  const arcs: Arc[] = [];
  let effect = dots.byId.get(id);
  while (effect?.causationId && arcs.length < MAX_ARCS) {
    const cause = dots.byId.get(effect.causationId);
    if (!cause || cause.id === effect.id) break;
    arcs.push({ from: cause, to: effect });
    effect = cause;
  }
  const open = [id];
  const seen = new Set(open);
  while (open.length > 0 && arcs.length < MAX_ARCS) {
    const causeId = open.shift();
    const cause = causeId === undefined ? undefined : dots.byId.get(causeId);
    if (!cause) continue;
    for (const effectId of dots.effects.get(cause.id) ?? []) {
      const to = dots.byId.get(effectId);
      if (!to || seen.has(effectId)) continue;
      seen.add(effectId);
      arcs.push({ from: cause, to });
      open.push(effectId);
    }
  }
  return arcs.slice(0, MAX_ARCS);
};

/** Arcs of a whole flow as the server knows it, events outside the view included. */
export const arcsOfCausation = (
  causation: Causation,
  kind: LaneKind,
  lanes: ReadonlySet<string>,
): readonly Arc[] => {
  const { byId } = indexDots(causation.events, kind, lanes);
  return causation.edges
    .flatMap(({ cause, effect }) => {
      const from = byId.get(cause);
      const to = byId.get(effect);
      return from && to ? [{ from, to }] : [];
    })
    .slice(0, MAX_ARCS);
};

/** The dot of the lane nearest to an instant, within `withinMs`. */
export const nearestDot = (
  row: readonly EventDot[],
  at: number,
  withinMs: number,
): EventDot | null => {
  let low = 0;
  let high = row.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((row[middle]?.at ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  let best: EventDot | null = null;
  for (const candidate of [row[low - 1], row[low]]) {
    if (!candidate) continue;
    const distance = Math.abs(candidate.at - at);
    if (distance <= withinMs && (best === null || distance < Math.abs(best.at - at)))
      best = candidate;
  }
  return best;
};
