'use client';
import { type ReactNode } from 'react';
import { cn } from '#components/ui/cn.ts';
import { DropdownMenu, MenuChoice } from '#components/ui/dropdown-menu.tsx';
import { formatDuration } from '#lib/format/duration.ts';
import { formatCount, formatRate } from '#lib/format/number.ts';
import { useConnectionStore } from '#lib/live/connection-store.ts';
import { useViewStore } from '#lib/state/view-store.ts';
import { usePulse } from './use-pulse.ts';

const TIME_DISPLAYS = [
  { value: 'local', label: 'Local time' },
  { value: 'utc', label: 'UTC' },
  { value: 'relative', label: 'Ages' },
] as const;

/** The system's own pulse along the bottom edge. */
export function FooterPulse() {
  const pulse = usePulse();
  const { publishToScreenMs, serverToScreenMs, dropped } = useConnectionStore();
  const isMeasured = publishToScreenMs !== null;
  return (
    <footer className="flex items-center gap-5 overflow-x-auto border-t border-line bg-surface px-3.5 text-xs whitespace-nowrap text-text-3 max-[900px]:hidden">
      <span>
        <Figure>{formatRate(pulse?.publishedPerSecond)}</Figure> events/s
      </span>
      <span>
        lag <Figure>{formatCount(pulse?.lag)}</Figure>
      </span>
      <span>
        dead letters{' '}
        <Figure isBad={(pulse?.deadLetters ?? 0) > 0}>{formatCount(pulse?.deadLetters)}</Figure>
      </span>
      <span>
        p95 publish → handled <Figure>{formatDuration(pulse?.publishToHandledP95Ms)}</Figure>
      </span>
      <span className="ml-auto">
        {isMeasured ? 'publish' : 'server'} → screen{' '}
        <Figure>{formatDuration(publishToScreenMs ?? serverToScreenMs)}</Figure>
      </span>
      <span>
        <Figure>{formatCount(dropped)}</Figure> dropped
      </span>
      <TimeDisplayMenu />
    </footer>
  );
}

function Figure({ children, isBad }: { children: ReactNode; isBad?: boolean }) {
  return (
    <b className={cn('num inline-block font-medium', isBad ? 'text-fail' : 'text-text-2')}>
      {children}
    </b>
  );
}

function TimeDisplayMenu() {
  const display = useViewStore((view) => view.timeDisplay);
  const setDisplay = useViewStore((view) => view.setTimeDisplay);
  const chosen = TIME_DISPLAYS.find((each) => each.value === display);
  return (
    <DropdownMenu
      align="end"
      trigger={
        <button
          type="button"
          aria-label={`How times are written: ${chosen?.label ?? display}`}
          className="rounded-s px-1 text-text-2 hover:text-text"
        >
          {chosen?.label}
        </button>
      }
    >
      <MenuChoice value={display} options={TIME_DISPLAYS} onChange={setDisplay} />
    </DropdownMenu>
  );
}
