'use client';
import Link from 'next/link';
import { Button } from '#components/ui/button.tsx';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { ApiError } from '#lib/api/client.ts';

type Trouble = {
  readonly error: Error;
  readonly isFetching: boolean;
  readonly onRetry: () => void;
};

/** In place of what could not be read. */
export function QueryTrouble(props: Trouble & { what: string }) {
  const { error } = props;
  const status = error instanceof ApiError ? error.status : null;
  if (status === 401 || status === 403) {
    return (
      <EmptyState kind="not-permitted" title={`You may not see ${props.what}`}>
        {error.message}
      </EmptyState>
    );
  }
  if (status === 503) {
    return (
      <EmptyState kind="not-loaded" title="Weir is still starting">
        {error.message} This page goes on by itself.
      </EmptyState>
    );
  }
  if (status === 404) {
    return (
      <EmptyState
        kind="nothing-exists"
        title={error.message}
        action={
          <Button asChild>
            <Link href="/consumers">All consumers</Link>
          </Button>
        }
      >
        It was deleted, or its scenario is not running.
      </EmptyState>
    );
  }
  return (
    <ErrorState
      title={`Weir could not read ${props.what}`}
      detail={error.message}
      reference={error instanceof ApiError ? error.reference : undefined}
      onRetry={props.onRetry}
      busy={props.isFetching}
    />
  );
}

/** Above what was read before: it is kept, and no longer new. */
export function StaleNote(props: Trouble & { readAt: number }) {
  return (
    <div
      role="alert"
      className="flex flex-wrap items-center gap-3 border-b border-slow/40 bg-slow-soft px-4 py-1.5 text-s text-text"
    >
      <span>
        Not refreshed since {new Date(props.readAt).toLocaleTimeString('sv')}: {props.error.message}
      </span>
      <Button onClick={props.onRetry} busy={props.isFetching}>
        Try again
      </Button>
    </div>
  );
}
