import { cn } from './cn.ts';

/** A grey stand-in with the final geometry, given by `className`. */
export function Skeleton({ className }: { className?: string | undefined }) {
  return <div aria-hidden className={cn('animate-pulse-soft rounded-m bg-line/70', className)} />;
}

/** Stand-in for `count` rows of a list. */
export function SkeletonRows(props: { count: number; rowClassName?: string | undefined }) {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col gap-2">
      {Array.from({ length: props.count }, (_, row) => `row-${row}`).map((key) => (
        <Skeleton key={key} className={cn('h-7', props.rowClassName)} />
      ))}
    </div>
  );
}
