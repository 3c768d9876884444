import { Filter, Inbox, LoaderCircle, Lock, PowerOff } from 'lucide-react';
import { type ReactNode } from 'react';
import { cn } from './cn.ts';

/** Five different nothings; a reader must be able to tell them apart. */
export type EmptyKind =
  | 'nothing-exists'
  | 'filtered-out'
  | 'not-permitted'
  | 'not-enabled'
  | 'not-loaded';

const ICONS = {
  'nothing-exists': Inbox,
  'filtered-out': Filter,
  'not-permitted': Lock,
  'not-enabled': PowerOff,
  'not-loaded': LoaderCircle,
} as const;

/** Says why there is nothing and what to do about it (`action`: one button). */
export function EmptyState(props: {
  kind: EmptyKind;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  className?: string | undefined;
}) {
  const Icon = ICONS[props.kind];
  return (
    <div
      data-empty={props.kind}
      className={cn(
        'mx-auto flex max-w-md flex-col items-center gap-2 px-6 py-12 text-center',
        props.className,
      )}
    >
      <span className="mb-1 grid size-10 place-items-center rounded-l border border-line bg-raised text-text-3">
        <Icon
          aria-hidden
          className={cn('size-5', props.kind === 'not-loaded' && 'animate-spin')}
          strokeWidth={1.5}
        />
      </span>
      <p className="text-m font-medium text-text">{props.title}</p>
      {props.children ? <div className="text-s text-text-2">{props.children}</div> : null}
      {props.action ? <div className="mt-2">{props.action}</div> : null}
    </div>
  );
}
