'use client';
import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { type PointerEvent, useRef, useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { type Histogram } from '#contracts/topic.ts';
import { formatCount } from '#lib/format/number.ts';
import { formatTick } from '#lib/format/time.ts';
import { activityQuery, histogramQuery } from '#lib/queries/topics.ts';

const SPAN_MS = 3_600_000;
const MINUTE_MS = 60_000;
const BUCKETS = 120;
const MIN_DRAG_SHARE = 0.005;

type Range = { readonly after: string; readonly before: string };

/** How much was recorded when; a drag over it sets the range of the query. */
export function VolumeBar(props: {
  range: { readonly after?: string | undefined; readonly before?: string | undefined };
  onRange: (range: Range | null) => void;
}) {
  const { after, before } = props.range;
  const isBounded = after !== undefined && before !== undefined;
  const recent = useQuery({ ...activityQuery(SPAN_MS, BUCKETS), enabled: !isBounded });
  const bounded = useQuery({
    ...histogramQuery({ after: after ?? '', before: before ?? '', buckets: BUCKETS }),
    enabled: isBounded,
  });
  const histogram = isBounded ? bounded.data : recent.data;
  return (
    <div className="flex items-end gap-2 border-b border-line px-4 pt-2 pb-1">
      {histogram ? (
        <Bars histogram={histogram} onRange={props.onRange} />
      ) : (
        <div className="h-11 flex-1" />
      )}
      {isBounded ? (
        <Button size="s" variant="ghost" onClick={() => props.onRange(null)}>
          <X aria-hidden />
          Range
        </Button>
      ) : null}
    </div>
  );
}

function Bars(props: { histogram: Histogram; onRange: (range: Range) => void }) {
  const { histogram } = props;
  const box = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const peak = Math.max(1, ...histogram.counts);
  const total = histogram.counts.reduce((sum, count) => sum + count, 0);
  const startMs = Date.parse(histogram.after);
  const spanMs = Date.parse(histogram.before) - startMs;
  const shareAt = (event: PointerEvent) => {
    const rect = box.current?.getBoundingClientRect();
    if (!rect || rect.width === 0) return 0;
    return Math.min(Math.max((event.clientX - rect.left) / rect.width, 0), 1);
  };
  const finish = () => {
    if (drag && Math.abs(drag.to - drag.from) > MIN_DRAG_SHARE) {
      const instant = (share: number) => new Date(startMs + share * spanMs).toISOString();
      props.onRange({
        after: instant(Math.min(drag.from, drag.to)),
        before: instant(Math.max(drag.from, drag.to)),
      });
    }
    setDrag(null);
  };
  return (
    <div className="min-w-0 flex-1">
      <div
        ref={box}
        role="img"
        aria-label={`${formatCount(total)} events recorded from ${histogram.after} to ${histogram.before}, at most ${formatCount(peak)} in a bar. Write after: and before: in the query to choose a range.`}
        className="relative flex h-9 cursor-crosshair touch-none items-end gap-px"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          const at = shareAt(event);
          setDrag({ from: at, to: at });
        }}
        onPointerMove={(event) => drag && setDrag({ ...drag, to: shareAt(event) })}
        onPointerUp={finish}
        onPointerCancel={() => setDrag(null)}
      >
        {histogram.counts.map((count, index) => {
          const isPartial = histogram.partial && index === histogram.counts.length - 1;
          return (
            <span
              key={index}
              className={
                isPartial
                  ? 'flex-1 border-t border-dashed border-accent bg-accent-soft'
                  : 'flex-1 bg-accent/60'
              }
              style={{ height: count === 0 ? 0 : `${Math.max(4, (count / peak) * 100)}%` }}
            />
          );
        })}
        {drag ? (
          <span
            className="absolute inset-y-0 border-x border-accent bg-accent-soft"
            style={{
              left: `${Math.min(drag.from, drag.to) * 100}%`,
              width: `${Math.abs(drag.to - drag.from) * 100}%`,
            }}
          />
        ) : null}
      </div>
      <div className="num flex justify-between text-xs text-text-3">
        <span suppressHydrationWarning>{formatTick(new Date(startMs), MINUTE_MS, false)}</span>
        <span suppressHydrationWarning>
          {formatTick(new Date(startMs + spanMs), MINUTE_MS, false)}
        </span>
      </div>
    </div>
  );
}
