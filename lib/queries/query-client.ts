import { QueryClient } from '@tanstack/react-query';
import { ApiError } from '#lib/api/client.ts';

const RETRIES_MAX = 2;
const STALE_MS = 2_000;

/** One cache per browser tab. A refusal (4xx) is an answer and is not asked again. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: STALE_MS,
        refetchOnWindowFocus: true,
        retry: (failures, error) => failures < RETRIES_MAX && isWorthRetrying(error),
      },
      mutations: { retry: false },
    },
  });
}

function isWorthRetrying(error: Error): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.status === 0 || error.status >= 500 || error.status === 429;
}
