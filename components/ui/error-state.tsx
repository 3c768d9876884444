'use client';
import { RotateCw, TriangleAlert } from 'lucide-react';
import { Button } from './button.tsx';
import { cn } from './cn.ts';
import { CopyButton } from './copy-button.tsx';

/** What went wrong, with something to copy into a report and a way to try again. */
export function ErrorState(props: {
  title: string;
  detail?: string | undefined;
  /** An identifier of this failure. */
  reference?: string | undefined;
  onRetry?: (() => void) | undefined;
  busy?: boolean | undefined;
  className?: string | undefined;
}) {
  return (
    <div
      role="alert"
      className={cn(
        'mx-auto flex max-w-md flex-col items-center gap-2 px-6 py-12 text-center',
        props.className,
      )}
    >
      <span className="mb-1 grid size-10 place-items-center rounded-l border border-fail/40 bg-fail-soft text-fail">
        <TriangleAlert aria-hidden className="size-5" strokeWidth={1.5} />
      </span>
      <p className="text-m font-medium text-text">{props.title}</p>
      {props.detail ? <p className="text-s break-words text-text-2">{props.detail}</p> : null}
      {props.reference ? (
        <p className="flex max-w-full items-center gap-1 text-xs text-text-3">
          <code className="num truncate">{props.reference}</code>
          <CopyButton value={props.reference} label="Copy the reference" />
        </p>
      ) : null}
      {props.onRetry ? (
        <Button className="mt-2" onClick={props.onRetry} busy={props.busy}>
          {props.busy ? null : <RotateCw />}
          Try again
        </Button>
      ) : null}
    </div>
  );
}
