import { describe, expect, test } from 'vitest';
import { type PublishReceipt, type StoredEvent } from '#contracts/event.ts';
import { type AnomalyKind } from './anomaly.ts';
import { checkHistory, type History } from './checker.ts';
import { type Fact, type JournalEntry, type Produced, type Received } from './journal.ts';

const SOURCE = '/faults';
const TOPIC = 'load';
const START_MS = Date.parse('2026-01-01T00:00:00.000Z');

const by = (client: string, fact: Fact): JournalEntry => ({ client, atMs: 0, ...fact });
const idOf = (sequence: number) => `a-${sequence}`;
const sent = (sequence: number): Produced => ({
  id: idOf(sequence),
  type: 'load.even',
  key: 'a',
  sequence,
});

function stored(sequence: number, change: Partial<StoredEvent> = {}): StoredEvent {
  return {
    specversion: '1.0',
    id: idOf(sequence),
    source: SOURCE,
    type: 'load.even',
    time: new Date(START_MS).toISOString(),
    topic: TOPIC,
    partition: 0,
    offset: sequence,
    position: sequence + 1,
    recordedAt: new Date(START_MS + sequence).toISOString(),
    ...change,
  };
}

const receipt = (sequence: number): PublishReceipt => ({
  id: idOf(sequence),
  topic: TOPIC,
  partition: 0,
  offset: sequence,
  position: sequence + 1,
  duplicate: false,
});

const delivery = (sequence: number, change: Partial<Received> = {}): Received => ({
  deliveryId: `d-${sequence}`,
  attempt: 1,
  eventId: idOf(sequence),
  position: sequence + 1,
  partition: 0,
  key: 'a',
  sequence,
  replay: null,
  redrive: null,
  ...change,
});

const published = (sequence: number): JournalEntry[] => [
  by('producer', {
    step: 'publish.invoke',
    request: `r-${sequence}`,
    events: [sent(sequence)],
  }),
  by('producer', {
    step: 'publish.ok',
    request: `r-${sequence}`,
    receipts: [receipt(sequence)],
  }),
];
const received = (...deliveries: Received[]): JournalEntry =>
  by('all', { step: 'received', deliveries });
const acknowledged = (...sequences: number[]): JournalEntry =>
  by('all', {
    step: 'settle.ok',
    verdict: 'ack',
    acknowledged: sequences.map((sequence) => `d-${sequence}`),
    expired: [],
  });

/** Three events, published, stored, received and acknowledged as they should be. */
function flawless(): History {
  return {
    source: SOURCE,
    log: [0, 1, 2].map((sequence) => stored(sequence)),
    entries: [
      ...[0, 1, 2].flatMap(published),
      received(delivery(0), delivery(1), delivery(2)),
      acknowledged(0, 1, 2),
    ],
    consumers: [{ client: 'all', topics: [TOPIC], dead: [] }],
  };
}

const kindsOf = (history: History): AnomalyKind[] => [
  ...new Set(checkHistory(history).map(({ kind }) => kind)),
];
const withLog = (...log: StoredEvent[]): History => ({ ...flawless(), log });
const without = (history: History, step: Fact['step']): JournalEntry[] =>
  history.entries.filter((entry) => entry.step !== step);

describe('a history without a flaw', () => {
  test('has no anomaly', () => {
    expect(checkHistory(flawless())).toEqual([]);
  });

  test('may hold an event whose outcome nobody knew', () => {
    const invoked: JournalEntry[] = [3, 4].flatMap((sequence) => [
      by('producer', {
        step: 'publish.invoke',
        request: `r-${sequence}`,
        events: [sent(sequence)],
      }),
      by('producer', { step: 'publish.unknown', request: `r-${sequence}`, reason: 'reset' }),
    ]);
    const history = flawless();

    const found = checkHistory({
      ...history,
      log: [...history.log, stored(3)],
      entries: [...history.entries, ...invoked, received(delivery(3)), acknowledged(3)],
    });

    expect(found).toEqual([]);
  });

  test('may deliver twice and hold dead letters', () => {
    const history = flawless();

    const found = checkHistory({
      ...history,
      entries: [
        ...[0, 1, 2].flatMap(published),
        received(delivery(0), delivery(1), delivery(2)),
        acknowledged(0, 1),
        received(delivery(0, { deliveryId: 'again' })),
      ],
      consumers: [{ client: 'all', topics: [TOPIC], dead: [idOf(2)] }],
    });

    expect(found).toEqual([]);
  });
});

describe('a planted anomaly is named', () => {
  const planted: readonly (readonly [string, History, AnomalyKind])[] = [
    [
      'an acknowledged event that is not in the log',
      withLog(stored(0), stored(1)),
      'acknowledged-but-lost',
    ],
    [
      'an event stored twice',
      withLog(stored(0), stored(1), stored(2), stored(2, { offset: 3, position: 4 })),
      'stored-twice',
    ],
    [
      'an event that lies elsewhere than was told',
      withLog(stored(0), stored(1, { offset: 2, position: 3 }), stored(2)),
      'acknowledged-elsewhere',
    ],
    [
      'an event that changed its partition',
      withLog(stored(0), stored(1), stored(2, { partition: 1, offset: 0 })),
      'key-moved',
    ],
    [
      'a refused event that was stored all the same',
      {
        ...flawless(),
        entries: [
          ...[0, 1].flatMap(published),
          by('producer', { step: 'publish.invoke', request: 'r-2', events: [sent(2)] }),
          by('producer', { step: 'publish.fail', request: 'r-2', reason: '400' }),
          received(delivery(0), delivery(1), delivery(2)),
          acknowledged(0, 1, 2),
        ],
      },
      'stored-though-refused',
    ],
    [
      'an event that nobody published',
      {
        ...flawless(),
        entries: flawless().entries.filter(
          (entry) => !('request' in entry) || entry.request !== 'r-2',
        ),
      },
      'never-published',
    ],
    [
      'a hole in the positions',
      withLog(stored(0), stored(1), stored(2, { position: 4 })),
      'position-gap',
    ],
    [
      'two events at one position',
      withLog(stored(0), stored(1), stored(2, { position: 2 })),
      'position-gap',
    ],
    [
      'a hole in the offsets',
      withLog(stored(0), stored(1), stored(2, { offset: 3 })),
      'offset-gap',
    ],
    [
      'a time of recording that went back',
      withLog(stored(0), stored(1), stored(2, { recordedAt: new Date(0).toISOString() })),
      'time-went-back',
    ],
    [
      'two events of a key in the wrong order',
      withLog(
        stored(1, { offset: 0, position: 1 }),
        stored(0, { offset: 1, position: 2 }),
        stored(2),
      ),
      'key-order',
    ],
    [
      'a hole in the events of a key',
      withLog(stored(0), stored(2, { offset: 1, position: 2 })),
      'key-gap',
    ],
    [
      'an event the consumer never got',
      {
        ...flawless(),
        entries: [
          ...[0, 1, 2].flatMap(published),
          received(delivery(0), delivery(1)),
          acknowledged(0, 1),
        ],
      },
      'not-delivered',
    ],
    [
      'an event that was delivered and never acknowledged',
      { ...flawless(), entries: without(flawless(), 'settle.ok') },
      'not-settled',
    ],
    [
      'a delivery the filter does not match',
      {
        ...flawless(),
        consumers: [{ client: 'all', topics: [TOPIC], types: ['load.odd'], dead: [] }],
      },
      'delivered-though-not-meant',
    ],
    [
      'a delivery of an event that is not in the log',
      {
        ...flawless(),
        entries: [...flawless().entries, received(delivery(7))],
      },
      'delivered-though-not-meant',
    ],
    [
      'first deliveries of a key in the wrong order',
      {
        ...flawless(),
        entries: [
          ...[0, 1, 2].flatMap(published),
          received(delivery(1), delivery(0), delivery(2)),
          acknowledged(0, 1, 2),
        ],
      },
      'delivery-order',
    ],
    [
      'a dead letter about an acknowledged event',
      { ...flawless(), consumers: [{ client: 'all', topics: [TOPIC], dead: [idOf(1)] }] },
      'not-conserved',
    ],
    [
      'two dead letters about one event',
      {
        ...flawless(),
        entries: [
          ...[0, 1, 2].flatMap(published),
          received(delivery(0), delivery(1), delivery(2)),
          acknowledged(0, 2),
        ],
        consumers: [{ client: 'all', topics: [TOPIC], dead: [idOf(1), idOf(1)] }],
      },
      'not-conserved',
    ],
  ];

  test.each(planted)('%s', (_, history, kind) => {
    expect(kindsOf(history)).toContain(kind);
  });
});
