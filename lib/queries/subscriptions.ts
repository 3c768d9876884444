import {
  keepPreviousData,
  type QueryClient,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query';
import { type ResetTarget, type Subscription } from '#contracts/subscription.ts';
import {
  deleteSubscription,
  fetchHistory,
  fetchLag,
  fetchSubscription,
  fetchSubscriptions,
  pauseSubscription,
  putSubscription,
  resetSubscription,
  resumeSubscription,
  type SubscriptionDraft,
  setBreaker,
} from '#lib/api/subscriptions.ts';
import { queryKeys } from './query-keys.ts';

const LIST_REFRESH_MS = 3_000;
const ONE_REFRESH_MS = 2_000;

export function subscriptionsQuery() {
  return queryOptions({
    queryKey: queryKeys.subscriptions.list,
    queryFn: ({ signal }) => fetchSubscriptions(signal),
    refetchInterval: LIST_REFRESH_MS,
  });
}

export function subscriptionQuery(name: string) {
  return queryOptions({
    queryKey: queryKeys.subscriptions.one(name),
    queryFn: ({ signal }) => fetchSubscription(name, signal),
    refetchInterval: ONE_REFRESH_MS,
  });
}

export function subscriptionLagQuery(name: string) {
  return queryOptions({
    queryKey: queryKeys.subscriptions.lag(name),
    queryFn: ({ signal }) => fetchLag(name, signal),
    refetchInterval: ONE_REFRESH_MS,
  });
}

/** Samples of the last `spanMs` up to now. */
export function subscriptionHistoryQuery(name: string, spanMs: number, stepMs?: number) {
  return queryOptions({
    queryKey: queryKeys.subscriptions.recentHistory(name, spanMs, stepMs),
    queryFn: ({ signal }) => {
      const before = Date.now();
      return fetchHistory(
        name,
        {
          after: new Date(before - spanMs).toISOString(),
          before: new Date(before).toISOString(),
          stepMs,
        },
        signal,
      );
    },
    refetchInterval: ONE_REFRESH_MS,
    placeholderData: keepPreviousData,
  });
}

export function usePutSubscription() {
  return useSubscriptionChange((change: { name: string; draft: SubscriptionDraft }) =>
    putSubscription(change.name, change.draft),
  );
}

export function useDeleteSubscription() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => deleteSubscription(name),
    // Not what is kept of it: the page that shows it would ask for it again.
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: queryKeys.subscriptions.list });
      void client.invalidateQueries({ queryKey: queryKeys.topology });
    },
  });
}

export function usePauseSubscription() {
  return useSubscriptionChange((name: string) => pauseSubscription(name));
}

export function useResumeSubscription() {
  return useSubscriptionChange((name: string) => resumeSubscription(name));
}

export function useSetBreaker() {
  return useSubscriptionChange((change: { name: string; state: 'open' | 'closed' }) =>
    setBreaker(change.name, change.state),
  );
}

/** Says per partition what a reset would do; changes nothing. */
export function usePreviewReset() {
  return useMutation({
    mutationFn: (change: { name: string; to: ResetTarget }) =>
      resetSubscription(change.name, change.to, true),
  });
}

export function useResetSubscription() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: { name: string; to: ResetTarget }) =>
      resetSubscription(change.name, change.to, false),
    onSuccess: () => invalidateConsumers(client),
  });
}

function useSubscriptionChange<Change>(change: (input: Change) => Promise<Subscription>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (subscription) => {
      client.setQueryData(queryKeys.subscriptions.one(subscription.name), subscription);
      return invalidateConsumers(client);
    },
  });
}

async function invalidateConsumers(client: QueryClient): Promise<void> {
  await Promise.all([
    client.invalidateQueries({ queryKey: queryKeys.subscriptions.all }),
    client.invalidateQueries({ queryKey: queryKeys.topology }),
  ]);
}
