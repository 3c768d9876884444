import { Badge } from '#components/ui/badge.tsx';
import { StateDot } from '#components/ui/state-dot.tsx';
import { TONE_TEXT } from '#components/ui/tone.ts';
import { type Subscription } from '#contracts/subscription.ts';
import { formatCount } from '#lib/format/number.ts';
import { consumerState, STATE_LABEL, STATE_TONE } from './consumer-state.ts';

/** State as shape and word; the breaker is named besides when another state hides it. */
export function ConsumerStateBadge({ subscription }: { subscription: Subscription }) {
  const state = consumerState(subscription);
  const isHidden =
    subscription.breaker.state !== 'closed' && state !== 'breaker-open' && state !== 'half-open';
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap">
      <StateDot
        tone={STATE_TONE[state]}
        label={STATE_LABEL[state]}
        className={STATE_TONE[state] === 'neutral' ? 'text-text-2' : TONE_TEXT[STATE_TONE[state]]}
      />
      {isHidden ? <Badge tone="fail">breaker {subscription.breaker.state}</Badge> : null}
    </span>
  );
}

/** A count that is worth a look only when it is not nought. */
export function Count(props: { value: number; tone?: 'fail' | 'slow' | undefined }) {
  if (props.value === 0) return <span className="text-text-3">0</span>;
  return (
    <span className={props.tone ? TONE_TEXT[props.tone] : undefined}>
      {formatCount(props.value)}
    </span>
  );
}
