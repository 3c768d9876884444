import { type ReactNode } from 'react';
import { cn } from './cn.ts';

/**
 * Keys, as written on them. Beside what they do they are a hint for the eye: what can be operated says its keys by
 * `aria-keyshortcuts`. `isRead` where the keys are what the text is about.
 */
export function Kbd(props: { children: ReactNode; className?: string; isRead?: boolean }) {
  return (
    <kbd
      aria-hidden={props.isRead ? undefined : true}
      className={cn(
        'rounded-s border border-line px-1 font-mono text-[10px] leading-4 text-text-3',
        props.className,
      )}
    >
      {props.children}
    </kbd>
  );
}
