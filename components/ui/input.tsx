import { type ComponentProps } from 'react';
import { cn } from './cn.ts';

const FIELD =
  'w-full rounded-m border border-line bg-bg px-2.5 text-s text-text transition-colors placeholder:text-text-3 hover:border-line-strong focus-visible:border-accent focus-visible:outline-offset-0 disabled:opacity-50 aria-invalid:border-fail';

/** Needs a label: wrap it in Field, or give `aria-label`. */
export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input {...rest} className={cn(FIELD, 'h-8', className)} />;
}

export function Textarea({ className, ...rest }: ComponentProps<'textarea'>) {
  return <textarea {...rest} className={cn(FIELD, 'min-h-20 py-2', className)} />;
}
