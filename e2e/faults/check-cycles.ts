// Whether what happened can be put in one order at all, after Adya and Elle: operations are nodes, "must have come before"
// is an edge, and a cycle is a contradiction. Four graphs, each with more edges than the one before; the first with a cycle
// names it: the order of the log alone (G0); who read whose events and what it did next (G1c: a poll writes nothing itself);
// the wall clock; and what a poll did not see though it saw the end.
import { type StoredEvent } from '#contracts/event.ts';
import { type Anomaly, type AnomalyKind } from './anomaly.ts';
import { Digraph } from './digraph.ts';
import { type JournalEntry } from './journal.ts';

/** Shown of each cycle at most. */
const NAMED_MAX = 6;

type Operation = {
  readonly name: string;
  readonly client: string;
  readonly kind: 'publish' | 'poll';
  readonly invokedAtMs: number;
  /** Infinite when its end is not known. */
  readonly endedAtMs: number;
  readonly ids: readonly string[];
  /** A poll that saw the end of the log: what it did not see was not there yet. */
  readonly isAtEnd: boolean;
  readonly after: number;
};

/** `produced`: what the log holds in the end, in its order. A cycle is told once, with some of the operations in it. */
export function checkCycles(
  entries: readonly JournalEntry[],
  produced: readonly StoredEvent[],
): readonly Anomaly[] {
  const operations = readOperations(entries);
  const graph = new Digraph(operations.length);
  const writers = writersOf(operations);
  const stages: readonly (readonly [AnomalyKind, () => void])[] = [
    ['write-cycle', () => addWrites(graph, writers, produced)],
    [
      'read-cycle',
      () => {
        addReads(graph, writers, operations);
        addSessions(graph, operations);
      },
    ],
    ['real-time-cycle', () => addRealTime(graph, operations)],
    ['stale-read', () => addMissed(graph, { operations, writers, produced })],
  ];
  for (const [kind, addEdges] of stages) {
    addEdges();
    const cycles = graph.cycles().map((nodes) => nodes.flatMap((node) => operations[node] ?? []));
    if (cycles.length > 0)
      return cycles.map((cycle) => {
        const names = cycle.slice(0, NAMED_MAX).map(({ name }) => name);
        return { kind, detail: `${cycle.length} operations: ${names.join(', ')}` };
      });
  }
  return [];
}

/**
 * In the order of the journal, which is each client's own. A publish that was sent again is one operation, from its first
 * request to the first answer that says it is stored.
 */
function readOperations(entries: readonly JournalEntry[]): readonly Operation[] {
  const operations: Operation[] = [];
  const publishes = new Map<string, number>();
  const requests = new Map<string, number>();
  for (const entry of entries) {
    const { client, atMs } = entry;
    if (entry.step === 'publish.invoke') {
      const ids = entry.events.map(({ id }) => id);
      const name = ids.join('+');
      const node = publishes.get(name) ?? operations.length;
      if (node === operations.length)
        operations.push({ ...PUBLISH, name, client, ids, invokedAtMs: atMs });
      publishes.set(name, node);
      requests.set(entry.request, node);
    }
    if (entry.step === 'publish.ok') {
      const node = requests.get(entry.request) ?? -1;
      const publish = operations[node];
      if (publish?.endedAtMs === Number.POSITIVE_INFINITY)
        operations[node] = { ...publish, endedAtMs: atMs };
    }
    if (entry.step === 'polled') operations.push(pollOf(entry));
  }
  return operations;
}

function pollOf(entry: Extract<JournalEntry, { step: 'polled' }>): Operation {
  const { client, session, after, events, isAtEnd, invokedAtMs } = entry;
  return {
    name: `${client}/${session} after ${after}`,
    client,
    kind: 'poll',
    invokedAtMs,
    endedAtMs: entry.atMs,
    ids: events.map(({ id }) => id),
    isAtEnd,
    after: events.reduce((last, { position }) => Math.max(last, position), after),
  };
}

const PUBLISH = {
  kind: 'publish',
  endedAtMs: Number.POSITIVE_INFINITY,
  isAtEnd: false,
  after: 0,
} as const;

const writersOf = (operations: readonly Operation[]): ReadonlyMap<string, number> =>
  new Map(
    operations.flatMap(({ kind, ids }, node) =>
      kind === 'publish' ? ids.map((id) => [id, node] as const) : [],
    ),
  );

/** The log is one order: the writer of an event comes before the writer of the next. */
function addWrites(
  graph: Digraph,
  writers: ReadonlyMap<string, number>,
  produced: readonly StoredEvent[],
): void {
  let before: number | undefined;
  for (const { id } of produced) {
    const writer = writers.get(id);
    if (writer === undefined) continue;
    if (before !== undefined) graph.add(before, writer);
    before = writer;
  }
}

function addReads(
  graph: Digraph,
  writers: ReadonlyMap<string, number>,
  operations: readonly Operation[],
): void {
  for (const [node, { kind, ids }] of operations.entries()) {
    if (kind !== 'poll') continue;
    for (const id of ids) {
      const writer = writers.get(id);
      if (writer !== undefined) graph.add(writer, node);
    }
  }
}

/** A client does one thing after the other. Several may happen in one millisecond: the journal keeps their order. */
function addSessions(graph: Digraph, operations: readonly Operation[]): void {
  const last = new Map<string, number>();
  for (const [node, { client, endedAtMs }] of operations.entries()) {
    const before = last.get(client);
    if (before !== undefined) graph.add(before, node);
    if (Number.isFinite(endedAtMs)) last.set(client, node);
  }
}

/** What ended before another began came before it. One node per end stands for all that ended until then. */
function addRealTime(graph: Digraph, operations: readonly Operation[]): void {
  const starts = inOrderOf(operations, ({ invokedAtMs }) => invokedAtMs);
  const ends = inOrderOf(operations, ({ endedAtMs }) => endedAtMs);
  let barrier = graph.addNode();
  let ended = 0;
  for (const node of starts) {
    const { invokedAtMs } = operations[node] ?? PAST;
    for (; (operations[ends[ended] ?? -1] ?? FUTURE).endedAtMs < invokedAtMs; ended += 1) {
      const next = graph.addNode();
      graph.add(barrier, next);
      graph.add(ends[ended] ?? 0, next);
      barrier = next;
    }
    graph.add(barrier, node);
  }
}

/** A poll that saw the end comes before the writer of the first event after it. */
function addMissed(
  graph: Digraph,
  history: {
    readonly operations: readonly Operation[];
    readonly writers: ReadonlyMap<string, number>;
    readonly produced: readonly StoredEvent[];
  },
): void {
  const { operations, writers, produced } = history;
  const polls = inOrderOf(operations, ({ after }) => after).filter(
    (node) => operations[node]?.isAtEnd === true,
  );
  let next = 0;
  for (const node of polls) {
    const { after } = operations[node] ?? PAST;
    while (next < produced.length && (produced[next]?.position ?? 0) <= after) next += 1;
    const writer = writers.get(produced[next]?.id ?? '');
    if (writer !== undefined) graph.add(node, writer);
  }
}

const PAST = { invokedAtMs: 0, after: 0 } as const;
const FUTURE = { endedAtMs: Number.POSITIVE_INFINITY } as const;

const inOrderOf = (
  operations: readonly Operation[],
  by: (operation: Operation) => number,
): readonly number[] =>
  [...operations.keys()].toSorted((a, b) => {
    const [one, other] = [operations[a], operations[b]];
    if (one === undefined || other === undefined) return 0;
    const difference = by(one) - by(other);
    return Number.isNaN(difference) ? 0 : difference;
  });
