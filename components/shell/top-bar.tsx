'use client';
import { Search } from 'lucide-react';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { IconButton } from '#components/ui/icon-button.tsx';
import { Kbd } from '#components/ui/kbd.tsx';
import { ActivityHistogram } from './activity-histogram.tsx';
import { ConnectionPill } from './connection-pill.tsx';
import { placeOf } from './places.ts';
import { ScenarioChip } from './scenario-chip.tsx';
import { ThemeToggle } from './theme-toggle.tsx';

/** Title of the page, activity, search, connection. The title is the page's only h1. */
export function TopBar({ onSearch }: { onSearch: () => void }) {
  return (
    <header className="flex min-w-0 items-center gap-3 border-b border-line bg-surface px-3.5">
      <PageTitle />
      <ScenarioChip />
      <ActivityHistogram />
      <div className="ml-auto flex items-center gap-2 min-[901px]:ml-0">
        <button
          type="button"
          onClick={onSearch}
          data-tour="search"
          aria-keyshortcuts="Control+K Meta+K"
          className="flex h-[30px] min-w-44 items-center gap-2 rounded-m border border-line bg-bg px-2.5 text-s text-text-3 transition-colors hover:border-line-strong max-[1000px]:hidden"
        >
          <Search aria-hidden className="size-3.5" />
          Search or jump
          <Kbd className="ml-auto">Ctrl K</Kbd>
        </button>
        <IconButton label="Search or jump" onClick={onSearch} className="min-[1001px]:hidden">
          <Search />
        </IconButton>
        <ConnectionPill />
        <ThemeToggle />
      </div>
    </header>
  );
}

function PageTitle() {
  const pathname = usePathname();
  const place = placeOf(pathname);
  const rest = place && place.href !== '/' ? pathname.slice(place.href.length + 1) : '';
  const name = decodeURIComponent(rest);
  if (!place) return <h1 className="text-m font-semibold">Weir</h1>;
  if (name === '') {
    return <h1 className="text-m font-semibold tracking-tight whitespace-nowrap">{place.label}</h1>;
  }
  return (
    <h1 className="flex min-w-0 items-center gap-1.5 text-m font-semibold tracking-tight">
      <Link href={place.href} className="rounded-s font-normal text-text-2 hover:text-text">
        {place.label}
      </Link>
      <span aria-hidden className="text-text-3">
        /
      </span>
      <span className="truncate">{name}</span>
    </h1>
  );
}
