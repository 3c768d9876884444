'use client';
import { CircuitBoard, EllipsisVertical, Pause, Play, RotateCcw, Trash2 } from 'lucide-react';
import Link from 'next/link';
import { Badge } from '#components/ui/badge.tsx';
import { Button } from '#components/ui/button.tsx';
import { DropdownMenu, MenuItem } from '#components/ui/dropdown-menu.tsx';
import { IconButton } from '#components/ui/icon-button.tsx';
import { StateDot } from '#components/ui/state-dot.tsx';
import { Time } from '#components/ui/time.tsx';
import { type Tone } from '#components/ui/tone.ts';
import { type BreakerState, type Subscription } from '#contracts/subscription.ts';
import { formatPlural } from '#lib/format/number.ts';
import { ConsumerStateBadge } from './consumer-badges.tsx';
import { consumerLinks, filterChips } from './consumer-links.ts';
import { consumerState } from './consumer-state.ts';
import { pauseReason } from './pause-button.tsx';
import { type ConsumerActions } from './use-consumer-actions.ts';

const BREAKER_TONE: Readonly<Record<BreakerState['state'], Tone>> = {
  closed: 'ok',
  'half-open': 'slow',
  open: 'fail',
};
const CHIPS_SHOWN = 12;

type ConsumerHeaderProps = {
  subscription: Subscription;
  actions: ConsumerActions;
  onTogglePause: () => void;
  onReset: () => void;
  onDelete: () => void;
};

/** How the consumer stands, what it hears, and what can be done. */
export function ConsumerHeader(props: ConsumerHeaderProps) {
  const { subscription } = props;
  const chips = filterChips(subscription);
  return (
    <header className="flex flex-wrap items-start gap-x-6 gap-y-3">
      <div className="min-w-0 flex-1 basis-96">
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1.5 text-m">
          <ConsumerStateBadge subscription={subscription} />
          <BreakerSince subscription={subscription} />
          <Badge>{subscription.guarantee}</Badge>
          <Badge>{subscription.delivery.kind === 'pull' ? 'pull' : 'handler'}</Badge>
          {subscription.handlerVersion ? (
            <Badge>version {subscription.handlerVersion}</Badge>
          ) : null}
          {subscription.scenario ? (
            <Link href="/scenarios" className="text-s text-accent hover:underline">
              scenario {subscription.scenario}
            </Link>
          ) : null}
        </p>
        <ul
          aria-label="What it hears"
          className="m-0 mt-2.5 flex list-none flex-wrap gap-1.5 p-0 text-s"
        >
          {chips.slice(0, CHIPS_SHOWN).map((chip) => (
            <li key={chip.label}>
              <Link
                href={chip.href}
                className="num inline-flex h-6 items-center rounded-s border border-line bg-surface px-2 text-text-2 hover:border-line-strong hover:text-text"
              >
                {chip.label}
              </Link>
            </li>
          ))}
          {chips.length > CHIPS_SHOWN ? (
            <li className="leading-6 text-text-3">and {chips.length - CHIPS_SHOWN} more</li>
          ) : null}
        </ul>
      </div>
      <Commands {...props} />
    </header>
  );
}

/** The breaker and since when; its state is left out where the consumer's own says it already. */
function BreakerSince({ subscription }: { subscription: Subscription }) {
  const { breaker } = subscription;
  const state = consumerState(subscription);
  const isSaid = state === 'breaker-open' || state === 'half-open';
  return (
    <span className="inline-flex items-center gap-1.5 text-s whitespace-nowrap text-text-2">
      {isSaid ? null : (
        <StateDot tone={BREAKER_TONE[breaker.state]} label={`breaker ${breaker.state}`} />
      )}
      since <Time at={breaker.since} />
    </span>
  );
}

function Commands({ subscription, actions, ...props }: ConsumerHeaderProps) {
  const { name } = subscription;
  const links = consumerLinks(subscription);
  const isPaused = subscription.state === 'paused';
  const isOpen = subscription.breaker.state !== 'closed';
  const letters = subscription.deadLetters;
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Button asChild variant={letters > 0 ? 'primary' : 'secondary'}>
        <Link href={links.deadLetters}>
          {letters > 0 ? `Open ${formatPlural(letters, 'dead letter')}` : 'Dead letters'}
        </Link>
      </Button>
      <Button
        busy={actions.isBusy}
        reason={pauseReason(subscription)}
        aria-keyshortcuts="p"
        onClick={props.onTogglePause}
      >
        {isPaused ? <Play aria-hidden /> : <Pause aria-hidden />}
        {isPaused ? 'Resume' : 'Pause'}
      </Button>
      <Button aria-keyshortcuts="r" onClick={props.onReset}>
        <RotateCcw aria-hidden />
        Reset…
      </Button>
      <Button asChild>
        <Link href={links.events} title="Events it hears">
          Events
        </Link>
      </Button>
      <Button asChild>
        <Link href={links.timeline}>Timeline</Link>
      </Button>
      <DropdownMenu
        align="end"
        trigger={
          <IconButton label="More" variant="secondary">
            <EllipsisVertical />
          </IconButton>
        }
      >
        <MenuItem
          icon={<CircuitBoard aria-hidden />}
          onSelect={() => actions.setBreaker(name, isOpen ? 'closed' : 'open')}
        >
          {isOpen ? 'Close the breaker' : 'Open the breaker'}
        </MenuItem>
        <MenuItem
          icon={<Trash2 aria-hidden />}
          tone="danger"
          reason={deleteReason(subscription)}
          onSelect={props.onDelete}
        >
          Delete…
        </MenuItem>
      </DropdownMenu>
    </div>
  );
}

/** Why it cannot be deleted; null when it can. */
function deleteReason({ scenario, delivery }: Subscription): string | null {
  if (scenario) return `The scenario ${scenario} would make it again`;
  return delivery.kind === 'handler' ? 'Its handler runs here and would make it again' : null;
}
