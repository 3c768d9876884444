import {
  Activity,
  FlaskConical,
  ListTree,
  type LucideIcon,
  MailX,
  ScrollText,
  Users,
  Waypoints,
} from 'lucide-react';

export type Place = {
  readonly href: string;
  readonly label: string;
  /** Keys of the jump; null where there are none. */
  readonly keys: string | null;
  readonly icon: LucideIcon;
  readonly section: 'look' | 'work';
};

/** Where one can go, in the order of the rail. */
export const PLACES: readonly Place[] = [
  { href: '/', label: 'Topology', keys: 'g t', icon: Waypoints, section: 'look' },
  { href: '/timeline', label: 'Timeline', keys: 'g l', icon: Activity, section: 'look' },
  { href: '/events', label: 'Events', keys: 'g e', icon: ScrollText, section: 'look' },
  { href: '/consumers', label: 'Consumers', keys: 'g c', icon: Users, section: 'look' },
  { href: '/dead-letters', label: 'Dead letters', keys: 'g d', icon: MailX, section: 'look' },
  { href: '/operations', label: 'Operations', keys: null, icon: ListTree, section: 'work' },
  { href: '/scenarios', label: 'Scenarios', keys: 'g n', icon: FlaskConical, section: 'work' },
];

/** The place a path belongs to; sub-pages belong to their list. */
export function placeOf(pathname: string): Place | undefined {
  return PLACES.find(
    ({ href }) => pathname === href || (href !== '/' && pathname.startsWith(`${href}/`)),
  );
}
