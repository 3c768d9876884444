import { dotsPerSecond } from './dot-density.ts';

export const DOT_SPEED_PX_PER_S = 84;
/** Dots alive at once over the whole graph; beyond it edges spawn fewer. */
export const MAX_DOTS = 2_400;
/** Longest step the field advances at once, so that a tab that slept does not flood the edges. */
const MAX_STEP_MS = 100;

export type EdgeTraffic = {
  readonly id: string;
  readonly rate: number;
  /** Share of the traffic that failed, 0 to 1: that many dots are red. */
  readonly errorRate: number;
  readonly length: number;
};

export type Dot = { travelled: number; readonly failed: boolean };

type Lane = { readonly dots: Dot[]; due: number; errorsDue: number; seen: number };

/**
 * The dots on their way, by edge. Dots are spawned at the measured rate and then travel undisturbed, so a change of rate never
 * makes one jump. Advanced by the animation loop; holds no clock of its own.
 */
export class DotField {
  readonly #lanes = new Map<string, Lane>();
  #generation = 0;
  #alive = 0;

  get alive(): number {
    return this.#alive;
  }

  dotsOf(edgeId: string): readonly Dot[] {
    return this.#lanes.get(edgeId)?.dots ?? [];
  }

  advance(elapsedMs: number, edges: readonly EdgeTraffic[]): void {
    const seconds = Math.min(Math.max(elapsedMs, 0), MAX_STEP_MS) / 1_000;
    this.#generation += 1;
    const maxRate = edges.reduce((most, edge) => Math.max(most, edge.rate), 0);
    const budget = this.#budgetShare(edges, maxRate);
    let alive = 0;
    for (const edge of edges) {
      const perSecond = dotsPerSecond(edge.rate, maxRate) * budget;
      const lane = this.#laneOf(edge, perSecond);
      lane.seen = this.#generation;
      this.#move(lane, edge, seconds);
      this.#spawn(lane, edge, perSecond * seconds);
      alive += lane.dots.length;
    }
    this.#alive = alive;
    this.#forgetUnseen();
  }

  #budgetShare(edges: readonly EdgeTraffic[], maxRate: number): number {
    const expected = edges.reduce(
      (sum, edge) => sum + (dotsPerSecond(edge.rate, maxRate) * edge.length) / DOT_SPEED_PX_PER_S,
      0,
    );
    return expected > MAX_DOTS ? MAX_DOTS / expected : 1;
  }

  /** A new edge starts filled, as if it had been watched all along: the first paint already shows the flow. */
  #laneOf(edge: EdgeTraffic, perSecond: number): Lane {
    const known = this.#lanes.get(edge.id);
    if (known !== undefined) return known;
    const lane: Lane = { dots: [], due: 0, errorsDue: 0, seen: this.#generation };
    this.#lanes.set(edge.id, lane);
    if (perSecond > 0) {
      const gap = DOT_SPEED_PX_PER_S / perSecond;
      for (let at = edge.length - gap / 2; at > 0; at -= gap) this.#add(lane, edge, at);
    }
    return lane;
  }

  #move(lane: Lane, edge: EdgeTraffic, seconds: number): void {
    let kept = 0;
    for (const dot of lane.dots) {
      dot.travelled += DOT_SPEED_PX_PER_S * seconds;
      if (dot.travelled < edge.length) {
        lane.dots[kept] = dot;
        kept += 1;
      }
    }
    lane.dots.length = kept;
  }

  #spawn(lane: Lane, edge: EdgeTraffic, due: number): void {
    lane.due += due;
    while (lane.due >= 1) {
      lane.due -= 1;
      this.#add(lane, edge, 0);
    }
  }

  #add(lane: Lane, edge: EdgeTraffic, travelled: number): void {
    lane.errorsDue += Math.min(1, edge.errorRate);
    const failed = lane.errorsDue >= 1;
    if (failed) lane.errorsDue -= 1;
    lane.dots.push({ travelled, failed });
  }

  #forgetUnseen(): void {
    for (const [id, lane] of this.#lanes)
      if (lane.seen !== this.#generation) this.#lanes.delete(id);
  }
}
