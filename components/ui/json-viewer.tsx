'use client';
import { Download } from 'lucide-react';
import { lazy, Suspense, useMemo, useState } from 'react';
import { Button } from './button.tsx';
import { cn } from './cn.ts';
import { Skeleton } from './skeleton.tsx';

/** Above this a payload is shown on request only. */
export const JSON_SHOWN_BYTES_MAX = 256 * 1_024;
const INDENT = 2;

const LazySurface = lazy(async () => {
  const { JsonSurface } = await import('./json-surface.tsx');
  return { default: JsonSurface };
});

/** Any JSON value, folded and coloured, read only. Large ones wait for "Load"; all can be downloaded. */
export function JsonViewer(props: {
  label: string;
  value: unknown;
  /** Name of the downloaded file. */
  fileName?: string | undefined;
  className?: string | undefined;
}) {
  const text = useMemo(() => JSON.stringify(props.value, null, INDENT) ?? '', [props.value]);
  const [loadedText, setLoadedText] = useState<string | null>(null);
  if (text === '') return <p className="text-s text-text-3">No payload.</p>;
  const isShown = text.length <= JSON_SHOWN_BYTES_MAX || loadedText === text;
  if (!isShown) {
    return (
      <div className="flex flex-wrap items-center gap-2 rounded-m border border-line bg-bg p-3 text-s text-text-2">
        <span className="flex-1">
          This payload has <span className="num">{Math.ceil(text.length / 1_024)}</span> KB.
        </span>
        <Button onClick={() => setLoadedText(text)}>Load</Button>
        <Button onClick={() => download(text, props.fileName ?? 'payload.json')}>
          <Download /> Download
        </Button>
      </div>
    );
  }
  return (
    <Suspense fallback={<Skeleton className="h-32" />}>
      <LazySurface
        label={props.label}
        text={text}
        className={cn('max-h-[480px] overflow-hidden', props.className)}
      />
    </Suspense>
  );
}

function download(text: string, fileName: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(url);
}
