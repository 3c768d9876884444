import { type Causation, type StoredEvent } from '#contracts/event.ts';

export type CausationRow = {
  readonly event: StoredEvent;
  /** Steps from the root of its tree. */
  readonly depth: number;
  readonly sinceFirstMs: number;
};

/** The flow as an indented list: each event below its cause, siblings in order of recording. Every event stands in it once. */
export function causationRows(causation: Causation): readonly CausationRow[] {
  const byId = new Map(causation.events.map((event) => [event.id, event]));
  const effects = new Map<string, StoredEvent[]>();
  const hasCause = new Set<string>();
  for (const edge of causation.edges) {
    const effect = byId.get(edge.effect);
    if (effect === undefined || !byId.has(edge.cause)) continue;
    hasCause.add(edge.effect);
    effects.set(edge.cause, [...(effects.get(edge.cause) ?? []), effect]);
  }
  const ordered = causation.events.toSorted((a, b) => a.position - b.position);
  const firstMs = Math.min(...ordered.map((event) => Date.parse(event.recordedAt)));
  const rows: CausationRow[] = [];
  const seen = new Set<string>();
  const add = (event: StoredEvent, depth: number): void => {
    if (seen.has(event.id)) return;
    seen.add(event.id);
    rows.push({ event, depth, sinceFirstMs: Date.parse(event.recordedAt) - firstMs });
    const next = (effects.get(event.id) ?? []).toSorted((a, b) => a.position - b.position);
    for (const effect of next) add(effect, depth + 1);
  };
  for (const event of ordered) if (!hasCause.has(event.id)) add(event, 0);
  // A ring of causes has no root; what is left stands by itself.
  for (const event of ordered) add(event, 0);
  return rows;
}
