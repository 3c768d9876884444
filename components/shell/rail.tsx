'use client';
import { PanelLeftClose, PanelLeftOpen } from 'lucide-react';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { cn } from '#components/ui/cn.ts';
import { IconButton } from '#components/ui/icon-button.tsx';
import { Kbd } from '#components/ui/kbd.tsx';
import { formatCompact, formatPlural } from '#lib/format/number.ts';
import { useViewStore } from '#lib/state/view-store.ts';
import { Brand } from './brand.tsx';
import { PLACES, type Place, placeOf } from './places.ts';
import { usePulse } from './use-pulse.ts';

/** The places at the left edge. Below 900 px the bottom bar takes over. */
export function Rail() {
  const isCollapsed = useViewStore((view) => view.railCollapsed);
  const toggle = useViewStore((view) => view.toggleRail);
  return (
    <nav
      aria-label="Places"
      className={cn(
        'row-span-3 flex flex-col gap-px overflow-y-auto border-r border-line bg-surface px-2 py-3 max-[900px]:hidden',
        isCollapsed ? 'w-[52px]' : 'w-[196px]',
      )}
    >
      <Link href="/" className={cn('mb-3 rounded-m px-2', isCollapsed && 'px-[7px]')}>
        <Brand isCompact={isCollapsed} />
      </Link>
      <RailSection section="look" isCollapsed={isCollapsed} />
      {isCollapsed ? (
        <hr className="mx-2 my-2 border-line" />
      ) : (
        <h2 className="mx-2 mt-3 mb-1 text-[10px] font-semibold tracking-[0.06em] text-text-3 uppercase">
          Work
        </h2>
      )}
      <RailSection section="work" isCollapsed={isCollapsed} />
      <IconButton
        label={isCollapsed ? 'Widen the rail' : 'Narrow the rail'}
        className="mt-auto"
        onClick={toggle}
      >
        {isCollapsed ? <PanelLeftOpen /> : <PanelLeftClose />}
      </IconButton>
    </nav>
  );
}

function RailSection(props: { section: Place['section']; isCollapsed: boolean }) {
  const here = placeOf(usePathname());
  return (
    <ul className="flex list-none flex-col gap-px">
      {PLACES.filter((place) => place.section === props.section).map((place) => (
        <li key={place.href}>
          <RailLink place={place} isHere={place === here} isCollapsed={props.isCollapsed} />
        </li>
      ))}
    </ul>
  );
}

function RailLink(props: { place: Place; isHere: boolean; isCollapsed: boolean }) {
  const { place, isHere, isCollapsed } = props;
  const Icon = place.icon;
  return (
    <Link
      href={place.href}
      aria-current={isHere ? 'page' : undefined}
      aria-label={isCollapsed ? place.label : undefined}
      title={isCollapsed ? place.label : undefined}
      className={cn(
        'relative flex h-[30px] items-center gap-2.5 rounded-m px-2 text-text-2 transition-colors hover:text-text',
        isHere && 'bg-accent-soft text-text',
      )}
    >
      <Icon aria-hidden className="size-4 shrink-0 opacity-85" strokeWidth={1.75} />
      {isCollapsed ? null : <span>{place.label}</span>}
      <RailMark place={place} isCollapsed={isCollapsed} />
    </Link>
  );
}

/** How many letters are open, or else the keys. */
function RailMark({ place, isCollapsed }: { place: Place; isCollapsed: boolean }) {
  const openLetters = usePulse()?.deadLetters ?? 0;
  if (place.href === '/dead-letters' && openLetters > 0) {
    return (
      <span
        className={cn(
          'num rounded-full bg-surface bg-linear-to-r from-fail-soft to-fail-soft px-1.5 text-[10.5px] leading-4 font-semibold text-fail',
          isCollapsed ? 'absolute -top-0.5 -right-1 bg-surface' : 'ml-auto',
        )}
      >
        <span aria-hidden>{formatCompact(openLetters)}</span>
        <span className="sr-only">({formatPlural(openLetters, 'open letter')})</span>
      </span>
    );
  }
  if (isCollapsed || !place.keys) return null;
  return (
    <span className="ml-auto">
      <Kbd>{place.keys}</Kbd>
    </span>
  );
}
