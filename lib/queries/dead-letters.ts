import {
  infiniteQueryOptions,
  type QueryClient,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query';
import { type DeadLetterFilter, type DeadLetterGroup } from '#contracts/dead-letter.ts';
import {
  discardDeadLetter,
  fetchDeadLetter,
  fetchDeadLetterGroups,
  fetchDeadLetters,
  patchDeadLetterGroup,
  retryDeadLetter,
} from '#lib/api/dead-letters.ts';
import { queryKeys } from './query-keys.ts';

const REFRESH_MS = 3_000;

export function deadLettersQuery(filter: DeadLetterFilter) {
  return infiniteQueryOptions({
    queryKey: queryKeys.deadLetters.list(filter),
    queryFn: ({ pageParam, signal }) => fetchDeadLetters({ ...filter, cursor: pageParam }, signal),
    initialPageParam: firstPage(),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: refreshUnlessRefused,
  });
}

export function deadLetterGroupsQuery() {
  return queryOptions({
    queryKey: queryKeys.deadLetters.groups,
    queryFn: ({ signal }) => fetchDeadLetterGroups(signal),
    refetchInterval: refreshUnlessRefused,
  });
}

export function deadLetterQuery(id: string) {
  return queryOptions({
    queryKey: queryKeys.deadLetters.one(id),
    queryFn: ({ signal }) => fetchDeadLetter(id, signal),
    refetchInterval: refreshUnlessRefused,
  });
}

/** `edit` delivers that payload in place of the event's own. */
export function useRetryDeadLetter() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (retry: { id: string; edit?: { data: unknown } }) =>
      retryDeadLetter(retry.id, retry.edit),
    onSuccess: (letter) => {
      client.setQueryData(queryKeys.deadLetters.one(letter.id), letter);
      return invalidateLetters(client);
    },
  });
}

export function useDiscardDeadLetter() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (discard: { id: string; reason: string }) =>
      discardDeadLetter(discard.id, discard.reason),
    onSuccess: (letter) => {
      client.setQueryData(queryKeys.deadLetters.one(letter.id), letter);
      return invalidateLetters(client);
    },
  });
}

export function usePatchDeadLetterGroup() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: {
      fingerprint: string;
      patch: { status?: DeadLetterGroup['status']; note?: string | null };
    }) => patchDeadLetterGroup(change.fingerprint, change.patch),
    onSuccess: () => invalidateLetters(client),
  });
}

/** What could not be read at all is asked for again by the reader, not by the clock. */
function refreshUnlessRefused({
  state,
}: {
  readonly state: { readonly data: unknown; readonly error: Error | null };
}): number | false {
  return state.data === undefined && state.error !== null ? false : REFRESH_MS;
}

async function invalidateLetters(client: QueryClient): Promise<void> {
  await Promise.all([
    client.invalidateQueries({ queryKey: queryKeys.deadLetters.all }),
    client.invalidateQueries({ queryKey: queryKeys.subscriptions.all }),
  ]);
}

function firstPage(): string | undefined {
  return undefined;
}
