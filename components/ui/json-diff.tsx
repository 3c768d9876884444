'use client';
import { lazy, Suspense } from 'react';
import { Skeleton } from './skeleton.tsx';

const INDENT = 2;

const LazyDiff = lazy(async () => {
  const { JsonDiffSurface } = await import('./json-diff-surface.tsx');
  return { default: JsonDiffSurface };
});

/** What changed between two JSON values. */
export function JsonDiff(props: { label: string; before: unknown; after: unknown }) {
  const before = JSON.stringify(props.before, null, INDENT) ?? '';
  const after = JSON.stringify(props.after, null, INDENT) ?? '';
  if (before === after) return <p className="text-s text-text-3">No difference.</p>;
  return (
    <Suspense fallback={<Skeleton className="h-32" />}>
      <LazyDiff label={props.label} before={before} after={after} />
    </Suspense>
  );
}
