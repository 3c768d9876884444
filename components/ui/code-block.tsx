import { type ReactNode } from 'react';
import { cn } from './cn.ts';
import { CopyButton } from './copy-button.tsx';

/** Text as it is: a stack, a command. `copy` puts a copy button in the corner. */
export function CodeBlock(props: {
  label: string;
  children: ReactNode;
  copy?: string | undefined;
  className?: string | undefined;
}) {
  return (
    <div className={cn('relative', props.className)}>
      <pre
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard
        tabIndex={0}
        role="region"
        aria-label={props.label}
        className={cn(
          'm-0 max-h-80 overflow-auto rounded-m border border-line bg-bg px-3.5 py-2.5 font-mono text-s leading-[1.55] text-text-2',
          props.copy && 'pr-10',
        )}
      >
        {props.children}
      </pre>
      {props.copy ? (
        <CopyButton value={props.copy} label="Copy" className="absolute top-1 right-1 bg-bg" />
      ) : null}
    </div>
  );
}
