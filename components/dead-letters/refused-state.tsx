import { EmptyState } from '#components/ui/empty-state.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { ApiError } from '#lib/api/client.ts';

/** Why something could not be read: not allowed, not switched on, or failed. */
export function RefusedState(props: {
  what: string;
  error: Error;
  onRetry: () => void;
  busy: boolean;
}) {
  const status = props.error instanceof ApiError ? props.error.status : 0;
  if (status === 401 || status === 403) {
    return (
      <EmptyState kind="not-permitted" title={`You may not see ${props.what}`}>
        {props.error.message}
      </EmptyState>
    );
  }
  if (status === 501) {
    return (
      <EmptyState kind="not-enabled" title="Dead letters are not switched on here">
        {props.error.message}
      </EmptyState>
    );
  }
  const title = `${props.what.charAt(0).toUpperCase()}${props.what.slice(1)} cannot be read`;
  return (
    <ErrorState
      title={title}
      detail={props.error.message}
      reference={props.error instanceof ApiError ? props.error.reference : undefined}
      onRetry={props.onRetry}
      busy={props.busy}
    />
  );
}
