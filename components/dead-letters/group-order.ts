import { type DeadLetterGroup, type LetterStatus } from '#contracts/dead-letter.ts';

export type LettersFilter = {
  readonly subscription: string | null;
  readonly status: LetterStatus | null;
  readonly type: string | null;
};

/** What needs a person first. */
const RANK: Readonly<Record<DeadLetterGroup['status'], number>> = {
  open: 0,
  acknowledged: 1,
  ignored: 2,
  resolved: 3,
};

/** Open groups first, the largest of them on top; the most recent decides between equals. */
export function orderGroups(groups: readonly DeadLetterGroup[]): readonly DeadLetterGroup[] {
  return groups.toSorted(
    (a, b) =>
      RANK[a.status] - RANK[b.status] ||
      b.open + b.retrying - a.open - a.retrying ||
      b.lastAt.localeCompare(a.lastAt),
  );
}

/** Groups that have, or may have, letters of the filter. */
export function matchGroups(
  groups: readonly DeadLetterGroup[],
  filter: LettersFilter,
): readonly DeadLetterGroup[] {
  return groups.filter(
    (group) =>
      (filter.subscription === null || group.subscription === filter.subscription) &&
      (filter.type === null || group.types.includes(filter.type)) &&
      (filter.status === null || mayHave(group, filter.status)),
  );
}

export function isFiltered(filter: LettersFilter): boolean {
  return filter.subscription !== null || filter.status !== null || filter.type !== null;
}

// A group counts letters that wait and that are being retried; the others are only known as the rest.
function mayHave(group: DeadLetterGroup, status: LetterStatus): boolean {
  switch (status) {
    case 'open':
      return group.open > 0;
    case 'acknowledged':
      return group.open > 0 && group.status === 'acknowledged';
    case 'retrying':
      return group.retrying > 0;
    case 'ignored':
      return group.status === 'ignored';
    case 'resolved':
    case 'discarded':
      return group.total > group.open + group.retrying;
    default:
      return status satisfies never;
  }
}
