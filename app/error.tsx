'use client';
import { ErrorState } from '#components/ui/error-state.tsx';

/** A page that broke while rendering. */
export default function PageError(props: {
  error: Error & { digest?: string };
  reset: () => void;
}) {
  return (
    <ErrorState
      title="This page broke"
      detail={props.error.message}
      reference={props.error.digest ?? props.error.name}
      onRetry={props.reset}
    />
  );
}
