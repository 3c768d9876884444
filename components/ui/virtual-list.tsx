'use client';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { cn } from './cn.ts';

const OVERSCAN_ROWS = 8;
const END_WITHIN_ROWS = 20;
const AWAY_FROM_TOP_PX = 24;

export type VirtualListProps<Item> = {
  label: string;
  items: readonly Item[];
  rowHeight: number;
  getKey: (item: Item) => string;
  /** What stands in a row. Rows are memoised by nobody: keep it light. */
  renderRow: (item: Item, state: { readonly isActive: boolean }) => ReactNode;
  /** Enter or a click on a row. */
  onOpen?: ((item: Item) => void) | undefined;
  /** "x" or Space on the active row: ticks it. */
  onMark?: ((item: Item) => void) | undefined;
  /** The row that is open elsewhere on the page. */
  openKey?: string | null | undefined;
  /** The last rows came near: load more. May be called often. */
  onEndReached?: (() => void) | undefined;
  /** The reader left the top (true) or came back to it (false); a live list pauses meanwhile. */
  onAwayFromTop?: ((isAway: boolean) => void) | undefined;
  /** Column titles above the rows; they do not scroll. */
  header?: ReactNode;
  /** Below the last row: "loading more", "end of results". */
  footer?: ReactNode;
  className?: string | undefined;
};

/**
 * A list of any length with rows of one height; only those in sight are mounted. j/k or arrows move, Home/End and
 * PageUp/PageDown jump, Enter opens. The list keeps the focus and names its active row.
 */
export function VirtualList<Item>(props: VirtualListProps<Item>) {
  const { items, rowHeight, getKey, onEndReached, onAwayFromTop } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const isAway = useRef(false);
  const baseId = useId();
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN_ROWS,
  });
  const rows = virtualizer.getVirtualItems();
  const lastMounted = rows.at(-1)?.index ?? -1;
  useEffect(() => {
    if (items.length > 0 && lastMounted >= items.length - END_WITHIN_ROWS) onEndReached?.();
  }, [lastMounted, items.length, onEndReached]);

  const activeIndex =
    activeKey === null ? -1 : items.findIndex((item) => getKey(item) === activeKey);
  const moveTo = (index: number) => {
    const item = items[Math.min(Math.max(index, 0), items.length - 1)];
    if (item === undefined) return;
    setActiveKey(getKey(item));
    virtualizer.scrollToIndex(Math.min(Math.max(index, 0), items.length - 1));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.target !== event.currentTarget || event.metaKey || event.ctrlKey || event.altKey) {
      return;
    }
    const active = items[activeIndex];
    if (event.key === 'Enter' && active !== undefined) {
      event.preventDefault();
      props.onOpen?.(active);
      return;
    }
    if ((event.key === 'x' || event.key === ' ') && active !== undefined && props.onMark) {
      event.preventDefault();
      props.onMark(active);
      return;
    }
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 1);
    const target = targetOf(event.key, { activeIndex, last: items.length - 1, page });
    if (target === null) return;
    event.preventDefault();
    moveTo(target);
  };
  const onScroll = () => {
    const away = (scroller.current?.scrollTop ?? 0) > AWAY_FROM_TOP_PX;
    if (away === isAway.current) return;
    isAway.current = away;
    onAwayFromTop?.(away);
  };
  const isActiveMounted = rows.some((row) => row.index === activeIndex);
  return (
    <div className={cn('flex min-h-0 flex-col', props.className)}>
      {props.header}
      <div
        ref={scroller}
        role="grid"
        aria-label={props.label}
        aria-rowcount={items.length}
        aria-activedescendant={isActiveMounted ? `${baseId}-${activeIndex}` : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onScroll={onScroll}
        className="min-h-0 flex-1 overflow-auto outline-offset-[-2px]"
      >
        <div
          role="rowgroup"
          className="relative w-full"
          style={{ height: virtualizer.getTotalSize() }}
        >
          {rows.map((row) => {
            const item = items[row.index];
            if (item === undefined) return null;
            const key = getKey(item);
            return (
              // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the grid has the focus and handles the keys for its rows
              <div
                key={key}
                id={`${baseId}-${row.index}`}
                role="row"
                aria-rowindex={row.index + 1}
                aria-selected={key === props.openKey}
                data-active={key === activeKey || undefined}
                className="absolute inset-x-0 top-0 border-b border-line/60 hover:bg-line/30 aria-selected:bg-accent-soft data-active:bg-line/50 data-active:shadow-[inset_3px_0_0_var(--accent)]"
                style={{ height: row.size, transform: `translateY(${row.start}px)` }}
                onPointerDown={() => setActiveKey(key)}
                onClick={() => props.onOpen?.(item)}
              >
                <div role="gridcell" className="h-full">
                  {props.renderRow(item, { isActive: key === activeKey })}
                </div>
              </div>
            );
          })}
        </div>
        {props.footer}
      </div>
    </div>
  );
}

function targetOf(
  key: string,
  at: { readonly activeIndex: number; readonly last: number; readonly page: number },
): number | null {
  const targets: Readonly<Record<string, number>> = {
    j: at.activeIndex + 1,
    ArrowDown: at.activeIndex + 1,
    k: at.activeIndex - 1,
    ArrowUp: at.activeIndex - 1,
    PageDown: at.activeIndex + at.page,
    PageUp: at.activeIndex - at.page,
    Home: 0,
    End: at.last,
  };
  return targets[key] ?? null;
}
