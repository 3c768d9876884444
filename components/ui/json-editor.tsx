'use client';
import { lazy, Suspense } from 'react';
import { Skeleton } from './skeleton.tsx';

const LazySurface = lazy(async () => {
  const { JsonSurface } = await import('./json-surface.tsx');
  return { default: JsonSurface };
});

/** What the text in an editor is: JSON, or why it is not. */
export type JsonText =
  | { readonly type: 'valid'; readonly value: unknown }
  | { readonly type: 'invalid'; readonly message: string };

/** Reads what was typed. */
export function readJsonText(text: string): JsonText {
  try {
    return { type: 'valid', value: JSON.parse(text) };
  } catch (error) {
    return { type: 'invalid', message: error instanceof Error ? error.message : 'not JSON' };
  }
}

/** JSON as text that can be changed, with mistakes marked where they are. The text is the caller's state. */
export function JsonEditor(props: {
  label: string;
  text: string;
  onChange: (text: string) => void;
  className?: string | undefined;
}) {
  return (
    <Suspense fallback={<Skeleton className="h-48" />}>
      <LazySurface
        label={props.label}
        text={props.text}
        onChange={props.onChange}
        className={props.className ?? 'max-h-[480px] overflow-hidden'}
      />
    </Suspense>
  );
}
