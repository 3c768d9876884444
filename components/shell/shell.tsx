'use client';
import { useRouter } from 'next/navigation';
import { type ReactNode, useState } from 'react';
import { LiveRegion } from '#components/ui/live-region.tsx';
import { useShortcut } from '#components/ui/use-shortcut.ts';
import { formatPlural, formatRate } from '#lib/format/number.ts';
import { useLiveStats } from '#lib/live/use-live-stats.ts';
import { BottomBar } from './bottom-bar.tsx';
import { CommandPalette } from './command-palette.tsx';
import { FooterPulse } from './footer-pulse.tsx';
import { PLACES, type Place } from './places.ts';
import { Rail } from './rail.tsx';
import { ShortcutSheet } from './shortcut-sheet.tsx';
import { TopBar } from './top-bar.tsx';
import { Tour } from './tour.tsx';
import { useIsHydrated } from './use-is-hydrated.ts';
import { usePulse } from './use-pulse.ts';

/** What stands around every place. A view fills `main`; it scrolls there unless the view does so itself. */
export function Shell({ children }: { children: ReactNode }) {
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const [isSheetOpen, setSheetOpen] = useState(false);
  // Places show live data in the reader's own time: the server has nothing to render for them.
  const isHydrated = useIsHydrated();
  useLiveStats();
  useShortcut('mod+k', () => setPaletteOpen((open) => !open), {
    label: 'Search or jump',
    group: 'Everywhere',
  });
  useShortcut('?', () => setSheetOpen(true), { label: 'This sheet', group: 'Everywhere' });
  return (
    <div className="grid h-dvh grid-cols-[auto_minmax(0,1fr)] grid-rows-[48px_minmax(0,1fr)_auto] max-[900px]:grid-cols-[minmax(0,1fr)] min-[901px]:grid-rows-[48px_minmax(0,1fr)_28px]">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-m focus:bg-accent focus:px-3 focus:py-1.5 focus:text-on-accent"
      >
        Skip to the content
      </a>
      <Rail />
      <TopBar onSearch={() => setPaletteOpen(true)} />
      <main id="main" tabIndex={-1} className="relative min-h-0 overflow-auto outline-none">
        {isHydrated ? children : null}
      </main>
      <FooterPulse />
      <BottomBar />
      {PLACES.map((place) => (
        <Jump key={place.href} place={place} />
      ))}
      <CommandPalette
        open={isPaletteOpen}
        onOpenChange={setPaletteOpen}
        onShortcuts={() => setSheetOpen(true)}
      />
      <ShortcutSheet open={isSheetOpen} onOpenChange={setSheetOpen} />
      <Tour />
      <Summary />
    </div>
  );
}

function Jump({ place }: { place: Place }) {
  const router = useRouter();
  useShortcut(place.keys ?? '', () => router.push(place.href), {
    label: place.label,
    group: 'Go to',
    isEnabled: place.keys !== null,
  });
  return null;
}

/** Counts for those who cannot see them, never rows. */
function Summary() {
  const pulse = usePulse();
  if (!pulse) return null;
  const rate = formatRate(Math.round(pulse.publishedPerSecond));
  return (
    <LiveRegion
      text={`${formatPlural(pulse.deadLetters, 'open dead letter')}. About ${rate} events per second.`}
    />
  );
}
