'use client';
import { Menu } from 'lucide-react';
import Link from 'next/link';
import { usePathname, useRouter } from 'next/navigation';
import { Button } from '#components/ui/button.tsx';
import { cn } from '#components/ui/cn.ts';
import { DropdownMenu, MenuItem } from '#components/ui/dropdown-menu.tsx';
import { formatCompact, formatPlural } from '#lib/format/number.ts';
import { PLACES, type Place, placeOf } from './places.ts';
import { usePulse } from './use-pulse.ts';

/** The places at the bottom of a narrow screen; what does not fit is in the menu. */
export function BottomBar() {
  const here = placeOf(usePathname());
  const router = useRouter();
  const shown = PLACES.filter((place) => place.section === 'look');
  const rest = PLACES.filter((place) => place.section !== 'look');
  return (
    <nav
      aria-label="Places"
      className="flex h-[52px] items-stretch border-t border-line bg-surface px-1 min-[900px]:hidden"
    >
      <ul className="flex flex-1 list-none">
        {shown.map((place) => (
          <li key={place.href} className="flex-1">
            <BarLink place={place} isHere={place === here} />
          </li>
        ))}
      </ul>
      <DropdownMenu
        align="end"
        trigger={
          <Button
            variant="ghost"
            className="h-full flex-col gap-0.5 px-2 text-[10px] [&_svg]:size-[18px]"
          >
            <Menu />
            More
          </Button>
        }
      >
        {rest.map(({ href, label, icon: Icon }) => (
          <MenuItem key={href} icon={<Icon />} onSelect={() => router.push(href)}>
            {label}
          </MenuItem>
        ))}
      </DropdownMenu>
    </nav>
  );
}

function BarLink({ place, isHere }: { place: Place; isHere: boolean }) {
  const openLetters = usePulse()?.deadLetters ?? 0;
  const Icon = place.icon;
  const hasLetters = place.href === '/dead-letters' && openLetters > 0;
  return (
    <Link
      href={place.href}
      aria-current={isHere ? 'page' : undefined}
      className={cn(
        'relative flex h-full flex-col items-center justify-center gap-0.5 rounded-m text-[10px] whitespace-nowrap text-text-2',
        isHere && 'text-accent',
      )}
    >
      <Icon aria-hidden className="size-[18px]" strokeWidth={1.75} />
      {place.label}
      {hasLetters ? (
        <span className="num absolute top-1 left-1/2 ml-1.5 rounded-full bg-surface px-1 text-[9.5px] leading-[13px] font-semibold text-fail ring-1 ring-fail/50">
          <span aria-hidden>{formatCompact(openLetters)}</span>
          <span className="sr-only">({formatPlural(openLetters, 'open letter')})</span>
        </span>
      ) : null}
    </Link>
  );
}
