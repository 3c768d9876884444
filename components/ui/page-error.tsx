import { ErrorState } from './error-state.tsx';

/** What stands in place of a page that broke while rendering. */
export function PageError(props: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <ErrorState
      title="This page broke"
      detail={props.error.message}
      reference={props.error.digest ?? props.error.name}
      onRetry={props.reset}
    />
  );
}
