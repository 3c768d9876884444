import { type Causation } from '#contracts/event.ts';
import {
  selectEffects,
  selectEventsByCorrelation,
  selectEventsByIds,
} from '#server/storage/causation-rows.ts';
import { type EventRow, toLogRecord } from '#server/storage/event-columns.ts';
import { type LogRecord, toStoredEvent } from './event-record.ts';
import { type SearchDependencies, topicName } from './event-search.ts';

const MAX_CAUSATION_EVENTS = 1_000;
const MAX_ANCESTORS = 64;
const EFFECTS_WINDOW = 20_000;
const EFFECTS_BUDGET_MS = 1_000;

/**
 * Everything with the event's correlation id, its ancestors by causation id, and, when it has no correlation id, its
 * effects as far as a bounded look along the log finds them (no index serves causation ids).
 */
export async function readCausation(
  deps: SearchDependencies,
  event: LogRecord,
): Promise<Causation> {
  const found = new Map<number, LogRecord>([[event.position, event]]);
  const add = (rows: readonly EventRow[]) => {
    for (const row of rows)
      if (found.size < MAX_CAUSATION_EVENTS)
        found.set(row.position, toLogRecord(row, topicName(deps, row.topic_id)));
  };
  await addAncestors(deps, found, add, event);
  const related = await selectEventsByCorrelation(
    deps.database.pool,
    event.correlationId ?? event.id,
    MAX_CAUSATION_EVENTS + 1,
  );
  add(related);
  const complete =
    event.correlationId !== null ||
    related.length > 0 ||
    (await addEffects(deps, found, add, event));
  const events = [...found.values()].toSorted((a, b) => a.position - b.position);
  return {
    event: toStoredEvent(event),
    events: events.map(toStoredEvent),
    edges: edgesOf(events),
    truncated: !complete || found.size >= MAX_CAUSATION_EVENTS,
  };
}

type Add = (rows: readonly EventRow[]) => void;

async function addAncestors(
  deps: SearchDependencies,
  found: ReadonlyMap<number, LogRecord>,
  add: Add,
  event: LogRecord,
): Promise<void> {
  let wanted = [event.causationId, event.correlationId].filter((id) => id !== null);
  const asked = new Set<string>([event.id]);
  for (let step = 0; step < MAX_ANCESTORS && wanted.length > 0; step += 1) {
    for (const id of wanted) asked.add(id);
    const rows = await selectEventsByIds(deps.database.pool, wanted, MAX_ANCESTORS);
    add(rows.filter((row) => !found.has(row.position)));
    wanted = rows
      .map((row) => row.causation_id)
      .filter((id): id is string => id !== null && !asked.has(id));
  }
}

/** Effects come after their causes, so one pass along the log finds them. True when it reached the end. */
async function addEffects(
  deps: SearchDependencies,
  found: ReadonlyMap<number, LogRecord>,
  add: Add,
  event: LogRecord,
): Promise<boolean> {
  const deadline = performance.now() + EFFECTS_BUDGET_MS;
  const tail = deps.log.tailPosition();
  const causes = new Set([event.id]);
  let low = event.position + 1;
  while (low <= tail && found.size < MAX_CAUSATION_EVENTS) {
    if (performance.now() > deadline) return false;
    const rows = await selectEffects(deps.database.pool, {
      causes: [...causes],
      low,
      high: Math.min(tail, low + EFFECTS_WINDOW - 1),
      limit: MAX_CAUSATION_EVENTS,
    });
    const fresh = rows.filter((row) => !found.has(row.position));
    add(fresh);
    for (const row of fresh) causes.add(row.event_id);
    // An effect may itself have effects in the same window: look again until nothing new appears.
    if (fresh.length === 0) low += EFFECTS_WINDOW;
  }
  return low > tail;
}

function edgesOf(events: readonly LogRecord[]): Causation['edges'] {
  const ids = new Set(events.map((event) => event.id));
  return events.flatMap((event) =>
    event.causationId !== null && event.causationId !== event.id && ids.has(event.causationId)
      ? [{ cause: event.causationId, effect: event.id }]
      : [],
  );
}
