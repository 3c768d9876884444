import { LoaderCircle } from 'lucide-react';
import { cn } from './cn.ts';

/** Decorative; the control it stands in says "busy" itself. */
export function Spinner({ className }: { className?: string | undefined }) {
  return <LoaderCircle aria-hidden className={cn('size-3.5 animate-spin', className)} />;
}
