import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query';
import { type Operation, type OperationState } from '#contracts/operation.ts';
import {
  commandOperation,
  fetchOperation,
  fetchOperations,
  type OperationCommand,
  planRedrive,
  planReplay,
  type RedriveInput,
  type ReplayInput,
  startRedrive,
  startReplay,
} from '#lib/api/operations.ts';
import { queryKeys } from './query-keys.ts';

/** Progress also comes as `operation` frames; polling is the backstop. */
const REFRESH_MS = 2_000;

export function operationsQuery(
  filter: {
    readonly kind?: Operation['kind'] | undefined;
    readonly state?: OperationState | undefined;
  } = {},
) {
  return infiniteQueryOptions({
    queryKey: queryKeys.operations.list(filter),
    queryFn: ({ pageParam, signal }) => fetchOperations({ ...filter, cursor: pageParam }, signal),
    initialPageParam: firstPage(),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: REFRESH_MS,
  });
}

export function operationQuery(id: string) {
  return queryOptions({
    queryKey: queryKeys.operations.one(id),
    queryFn: ({ signal }) => fetchOperation(id, signal),
    refetchInterval: REFRESH_MS,
  });
}

/** Pause, resume or cancel. */
export function useCommandOperation() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: { id: string; command: OperationCommand }) =>
      commandOperation(input.id, input.command),
    onSuccess: (operation) => {
      client.setQueryData(queryKeys.operations.one(operation.id), operation);
      return client.invalidateQueries({ queryKey: queryKeys.operations.lists });
    },
  });
}

/** What a replay would deliver; stores nothing. */
export function usePlanReplay() {
  return useMutation({ mutationFn: (input: ReplayInput) => planReplay(input) });
}

export function useStartReplay() {
  return useOperationStart((input: ReplayInput) => startReplay(input));
}

/** What a redrive would deliver; stores nothing. */
export function usePlanRedrive() {
  return useMutation({ mutationFn: (input: RedriveInput) => planRedrive(input) });
}

export function useStartRedrive() {
  return useOperationStart((input: RedriveInput) => startRedrive(input));
}

function useOperationStart<Input>(start: (input: Input) => Promise<Operation>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: start,
    onSuccess: async (operation) => {
      client.setQueryData(queryKeys.operations.one(operation.id), operation);
      await Promise.all([
        client.invalidateQueries({ queryKey: queryKeys.operations.lists }),
        client.invalidateQueries({ queryKey: queryKeys.deadLetters.all }),
      ]);
    },
  });
}

function firstPage(): string | undefined {
  return undefined;
}
