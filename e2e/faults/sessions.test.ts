import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type StoredEvent } from '#contracts/event.ts';
import { type AnomalyKind } from './anomaly.ts';
import { checkCycles } from './check-cycles.ts';
import { checkPolls } from './check-polls.ts';
import { type Fact, type JournalEntry, type Polled } from './journal.ts';

const TOPIC = 'load';

type Timed = { readonly client: string; readonly atMs: number; readonly fact: Fact };
const entry = ({ client, atMs, fact }: Timed): JournalEntry => ({ client, atMs, ...fact });

const stored = (id: string, position: number): StoredEvent => ({
  specversion: '1.0',
  id,
  source: '/faults',
  type: 'load.even',
  time: '2026-01-01T00:00:00.000Z',
  topic: TOPIC,
  partition: 0,
  offset: position - 1,
  position,
  recordedAt: '2026-01-01T00:00:00.000Z',
});

/** A publish of these events that was sent at one time and answered at another. */
function publish(
  client: string,
  [sentAtMs, endedAtMs]: readonly [number, number],
  events: readonly Polled[],
  outcome: 'ok' | 'fail' | 'unknown' = 'ok',
): JournalEntry[] {
  const request = `${client}-${sentAtMs}`;
  const invoked: Fact = {
    step: 'publish.invoke',
    request,
    events: events.map(({ id }) => ({ id, type: 'load.even', key: id, sequence: 0 })),
  };
  const receipts = events.map((event) => ({
    ...event,
    topic: TOPIC,
    partition: 0,
    offset: event.position - 1,
    duplicate: false,
  }));
  const ended: Fact =
    outcome === 'ok'
      ? { step: 'publish.ok', request, receipts }
      : { step: `publish.${outcome}`, request, reason: outcome };
  return [
    entry({ client, atMs: sentAtMs, fact: invoked }),
    entry({ client, atMs: endedAtMs, fact: ended }),
  ];
}

type PollOptions = { readonly session?: string; readonly after?: number; readonly atEnd?: boolean };

function poll(
  client: string,
  [invokedAtMs, atMs]: readonly [number, number],
  events: readonly Polled[],
  { session = '1', after = 0, atEnd = false }: PollOptions = {},
): JournalEntry {
  const fact: Fact = {
    step: 'polled',
    session,
    invokedAtMs,
    after,
    isAtEnd: atEnd,
    events: [...events],
  };
  return entry({ client, atMs, fact });
}

type Sessions = { readonly entries: readonly JournalEntry[]; readonly log: readonly StoredEvent[] };

const a = { id: 'a', position: 1 };
const b = { id: 'b', position: 2 };
const c = { id: 'c', position: 3 };
const log = [a, b, c].map(({ id, position }) => stored(id, position));

const sent = [...publish('one', [0, 10], [a, b]), ...publish('two', [5, 15], [c])];

const kindsOf = ({ entries, log: produced }: Sessions): AnomalyKind[] => [
  ...new Set(
    [...checkPolls(entries, produced), ...checkCycles(entries, produced)].map(({ kind }) => kind),
  ),
];

describe('sessions without a flaw', () => {
  test('have no anomaly, read at once, in parts, again and from the middle', () => {
    const entries = [
      ...sent,
      poll('reader', [20, 30], [a, b, c], { atEnd: true }),
      poll('parts', [11, 12], [a]),
      poll('parts', [13, 14], [b, c], { after: 1 }),
      poll('parts', [20, 21], [c], { session: '2', after: 2, atEnd: true }),
    ];

    expect(kindsOf({ entries, log })).toEqual([]);
  });

  test('may read what was not acknowledged yet, and miss what was not when they began', () => {
    const entries = [
      ...publish('one', [0, 100], [a, b]),
      ...publish('two', [0, 100], [c], 'unknown'),
      poll('early', [10, 20], [a, b], { atEnd: true }),
      poll('before', [1, 2], [], { atEnd: true }),
      poll('early', [21, 22], [c], { after: 2 }),
    ];

    expect(kindsOf({ entries, log })).toEqual([]);
  });
});

test('a client may poll and send within one millisecond while others are at work', () => {
  const entries = [
    poll('mixed', [10, 10], []),
    ...publish('mixed', [10, 30], [b]),
    ...publish('other', [11, 20], [a]),
  ];

  expect(kindsOf({ entries, log: [stored('a', 1), stored('b', 2)] })).toEqual([]);
});

describe('a planted anomaly of a session is named', () => {
  const planted: readonly (readonly [string, AnomalyKind, Sessions])[] = [
    [
      'two events seen at one position',
      'inconsistent-position',
      { entries: [...sent, poll('reader', [20, 30], [a, { id: 'x', position: 2 }])], log },
    ],
    [
      'two acknowledgements of one position',
      'inconsistent-position',
      { entries: [...sent, ...publish('three', [20, 30], [{ id: 'd', position: 3 }])], log },
    ],
    [
      'an event seen at two positions',
      'seen-at-two-positions',
      { entries: [...sent, poll('reader', [20, 30], [a, b, { id: 'a', position: 3 }])], log },
    ],
    [
      'a read of what was refused',
      'aborted-read',
      {
        entries: [...publish('one', [0, 10], [a], 'fail'), poll('reader', [5, 6], [a])],
        log: [],
      },
    ],
    [
      'an acknowledged event that all passed by',
      'lost-write',
      {
        entries: [
          ...sent,
          poll('reader', [20, 30], [a, c]),
          poll('other', [20, 30], [c], { after: 2 }),
        ],
        log: [stored('a', 1), stored('c', 3)],
      },
    ],
    [
      'a poll that goes back',
      'poll-went-back',
      { entries: [...sent, poll('reader', [20, 30], [b, a, c])], log },
    ],
    [
      'a session that is given an event again',
      'poll-went-back',
      {
        entries: [
          ...sent,
          poll('reader', [20, 30], [a, b]),
          poll('reader', [31, 32], [b, c], { after: 2 }),
        ],
        log,
      },
    ],
    [
      'a poll that skips what others saw',
      'poll-skipped',
      { entries: [...sent, poll('reader', [20, 30], [a, c])], log },
    ],
    [
      'a session that goes on behind an event it was never given',
      'poll-skipped',
      {
        entries: [
          ...sent,
          poll('reader', [20, 30], [a]),
          poll('reader', [31, 32], [c], { after: 1 }),
        ],
        log,
      },
    ],
    [
      'a publish of which one event is missing',
      'publish-torn',
      { entries: publish('one', [0, 10], [a, b], 'unknown'), log: [stored('a', 1)] },
    ],
    [
      'a publish that lies in another order than it was sent',
      'publish-disordered',
      { entries: publish('one', [0, 10], [a, b]), log: [stored('b', 1), stored('a', 2)] },
    ],
    [
      'a publish that another one lies in',
      'write-cycle',
      {
        entries: [...publish('one', [0, 10], [a, c]), ...publish('two', [0, 10], [b])],
        log,
      },
    ],
    [
      'a client that sent after it had read what lies behind',
      'read-cycle',
      {
        entries: [
          ...publish('writer', [0, 100], [b]),
          poll('mixed', [1, 50], [b], { after: 1 }),
          ...publish('mixed', [50, 60], [a]),
        ],
        log: [stored('a', 1), stored('b', 2)],
      },
    ],
    [
      'an event acknowledged before another was sent, and put behind it',
      'real-time-cycle',
      {
        entries: [...publish('one', [0, 10], [b]), ...publish('two', [20, 30], [a])],
        log: [stored('a', 1), stored('b', 2)],
      },
    ],
    [
      'a read of what was sent later',
      'real-time-cycle',
      {
        entries: [poll('reader', [0, 10], [a]), ...publish('one', [20, 30], [a])],
        log: [stored('a', 1)],
      },
    ],
    [
      'a poll that did not see what was acknowledged before it',
      'stale-read',
      {
        entries: [...sent, poll('reader', [20, 30], [a, b], { atEnd: true })],
        log,
      },
    ],
  ];

  test.each(planted)('%s', (_, kind, sessions) => {
    expect(kindsOf(sessions)).toContain(kind);
  });
});

describe('a run of many clients', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 30 });
  const pageSize = fc.integer({ min: 1, max: 7 });

  test('is without a flaw, and is not when two commits are swapped or a position is used again', () => {
    fc.assert(
      fc.property(sizes, pageSize, fc.nat(), (batches, page, pick) => {
        const { requests, entries } = runOf(batches, page);
        const produced = requests.flat().map(({ id, position }) => stored(id, position));
        expect(kindsOf({ entries, log: produced })).toEqual([]);

        const at = pick % (requests.length - 1);
        const swapped = swap(requests, at).flat();
        const relaid = swapped.map(({ id }, index) => stored(id, index + 1));
        expect(kindsOf({ entries, log: relaid })).toContain('inconsistent-position');
        // Even when every client is told the new places, the order in time gives it away.
        const told = entries.map((each) => moved(each, relaid));
        expect(kindsOf({ entries: told, log: relaid })).toContain('real-time-cycle');

        const reused = produced.filter((_, index) => index !== at + 1);
        const again = produced[at + 1]?.id ?? '';
        const place = produced[at]?.position ?? 0;
        const lied = entries.map((each) => moved(each, [stored(again, place)]));
        expect(kindsOf({ entries: lied, log: reused })).toContain('inconsistent-position');
      }),
    );
  });
});

/** Batches one after the other, each answered before the next is sent, and two readers that page through. */
function runOf(batches: readonly number[], page: number) {
  let next = 0;
  const requests = batches.map((size) =>
    Array.from({ length: size }, (): Polled => {
      next += 1;
      return { id: `e${next}`, position: next };
    }),
  );
  const events = requests.flat();
  const entries = requests.flatMap((request, index) =>
    publish(`producer-${index % 3}`, [index * 10, index * 10 + 5], request),
  );
  for (let after = 0; after < events.length; after += page)
    entries.push(
      poll('reader', [1_000 + after, 1_000 + after], events.slice(after, after + page), {
        after,
      }),
    );
  return { requests, entries };
}

const swap = <Value>(values: readonly Value[], at: number): readonly Value[] =>
  values.toSpliced(at, 2, ...values.slice(at, at + 2).toReversed());

/** The same journal with other places for some events; polls keep what they gave in the order of positions. */
function moved(each: JournalEntry, places: readonly StoredEvent[]): JournalEntry {
  const positions = new Map(places.map(({ id, position }) => [id, position]));
  const placed = <Event extends Polled>(event: Event): Event => ({
    ...event,
    position: positions.get(event.id) ?? event.position,
  });
  if (each.step === 'publish.ok') return { ...each, receipts: each.receipts.map(placed) };
  return each;
}
