import { describe, expect, it } from 'vitest';
import { type DeadLetterGroup } from '#contracts/dead-letter.ts';
import { type LettersFilter, matchGroups, orderGroups } from './group-order.ts';

const ALL: LettersFilter = { subscription: null, status: null, type: null };

const group = (fingerprint: string, change: Partial<DeadLetterGroup> = {}): DeadLetterGroup => ({
  fingerprint,
  subscription: 'payment-service',
  types: ['order.placed'],
  errorClass: 'IssuerUnavailable',
  message: 'issuer N answered N',
  topFrame: null,
  status: 'open',
  note: null,
  open: 1,
  retrying: 0,
  total: 1,
  firstAt: '2026-01-01T12:00:00.000Z',
  lastAt: '2026-01-01T12:00:00.000Z',
  trend: [],
  trendBucketMs: 3_600_000,
  ...change,
});

const names = (groups: readonly DeadLetterGroup[]) => groups.map((one) => one.fingerprint);

describe('order of groups', () => {
  it('puts open ones first and the largest of them on top', () => {
    const ordered = orderGroups([
      group('resolved', { status: 'resolved', open: 0, total: 90 }),
      group('small'),
      group('acknowledged', { status: 'acknowledged', open: 50 }),
      group('large', { open: 31 }),
    ]);

    expect(names(ordered)).toEqual(['large', 'small', 'acknowledged', 'resolved']);
  });

  it('lets the most recent decide between equals', () => {
    const ordered = orderGroups([
      group('older'),
      group('newer', { lastAt: '2026-01-01T13:00:00.000Z' }),
    ]);

    expect(names(ordered)).toEqual(['newer', 'older']);
  });
});

describe('filter of groups', () => {
  const groups = [
    group('waiting'),
    group('mail', { subscription: 'email-service', types: ['user.created'] }),
    group('settled', { status: 'resolved', open: 0, total: 4 }),
    group('under way', { open: 0, retrying: 2, total: 2 }),
  ];

  it.each([
    [{ subscription: 'email-service' }, ['mail']],
    [{ type: 'user.created' }, ['mail']],
    [{ status: 'open' }, ['waiting', 'mail']],
    [{ status: 'retrying' }, ['under way']],
    [{ status: 'resolved' }, ['settled']],
    [{ status: 'ignored' }, []],
  ] as const)('keeps what may have letters of %j', (filter, expected) => {
    expect(names(matchGroups(groups, { ...ALL, ...filter }))).toEqual(expected);
  });
});
