import { StickyNote } from 'lucide-react';
import { Badge } from '#components/ui/badge.tsx';
import { cn } from '#components/ui/cn.ts';
import { Sparkline } from '#components/ui/sparkline.tsx';
import { Time } from '#components/ui/time.tsx';
import { TONE_TEXT } from '#components/ui/tone.ts';
import { type DeadLetterGroup } from '#contracts/dead-letter.ts';
import { formatCount, formatPlural } from '#lib/format/number.ts';
import { STATUS_TONE } from './letter-words.ts';

export const GROUP_ROW_HEIGHT = 96;

/** One cause: what failed, where, how often and since when. */
export function GroupRow({ group }: { group: DeadLetterGroup }) {
  const tone = STATUS_TONE[group.status];
  const waiting = group.open + group.retrying;
  return (
    <div className="grid h-full cursor-pointer grid-cols-[minmax(0,1fr)_88px] items-center gap-x-3 px-4 py-2">
      <span className="truncate font-mono text-s font-semibold text-text">{group.errorClass}</span>
      <span
        className={cn(
          'num text-right text-l font-medium',
          waiting > 0 ? TONE_TEXT[tone] : 'text-text-3',
        )}
        title={`${formatPlural(group.total, 'letter')} in all`}
      >
        {formatCount(waiting)}
        <span className="sr-only"> waiting</span>
      </span>
      <span className="truncate text-s text-text-2">
        {group.subscription} · {group.types.join(', ')}
      </span>
      <Sparkline
        values={group.trend}
        tone={waiting > 0 ? tone : 'neutral'}
        label={`New letters in the last 24 hours: ${formatCount(sum(group.trend))}`}
      />
      <span className="truncate text-s text-text-3" title={group.message}>
        {group.message}
      </span>
      <span className="text-right">
        <Badge tone={tone}>{group.status}</Badge>
      </span>
      <span className="col-span-2 flex min-w-0 items-center gap-3 text-xs text-text-3">
        <span className="shrink-0">
          <Time at={group.firstAt} /> – <Time at={group.lastAt} />
        </span>
        {group.retrying > 0 ? (
          <span className="shrink-0">{formatCount(group.retrying)} retrying</span>
        ) : null}
        {group.note ? (
          <span className="flex min-w-0 items-center gap-1 text-text-2" title={group.note}>
            <StickyNote aria-label="Note:" className="size-3 shrink-0" />
            <span className="truncate">{group.note}</span>
          </span>
        ) : null}
      </span>
    </div>
  );
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
