import { TriangleAlert } from 'lucide-react';
import { Time } from '#components/ui/time.tsx';
import { type OperationPlan } from '#contracts/operation.ts';
import { formatEstimate } from '#lib/format/duration.ts';
import { formatCount, formatPlural } from '#lib/format/number.ts';

const TYPES_SHOWN = 8;

/** What would happen, in numbers, before anything does. */
export const ReplayPlan = ({ plan }: { plan: OperationPlan }) => {
  const types = plan.byType.toSorted((a, b) => b.count - a.count);
  const most = Math.max(1, ...types.map((one) => one.count));
  return (
    <div className="rounded-m border border-line bg-bg p-3">
      <p className="text-m text-text">
        Will re-deliver <strong className="num">{formatPlural(plan.total, 'event')}</strong> to{' '}
        <strong>{plan.target}</strong> only
        {plan.estimatedMs === null ? '' : `, ${formatEstimate(plan.estimatedMs)}`}.
      </p>
      {plan.oldestAt ? (
        <p className="mt-0.5 text-xs text-text-3">
          Oldest <Time at={plan.oldestAt} />, newest <Time at={plan.newestAt} />
        </p>
      ) : null}
      <ul className="mt-2 mb-0 list-none p-0">
        {types.slice(0, TYPES_SHOWN).map((one) => (
          <li key={one.type} className="relative flex h-6 items-center gap-2 text-s">
            <span
              aria-hidden
              className="absolute inset-y-0.5 left-0 rounded-s bg-accent-soft"
              style={{ width: `${(one.count / most) * 100}%` }}
            />
            <span className="num relative min-w-0 flex-1 truncate px-1.5">{one.type}</span>
            <span className="num relative text-text-2">{formatCount(one.count)}</span>
          </li>
        ))}
      </ul>
      {types.length > TYPES_SHOWN ? (
        <p className="mt-1 text-xs text-text-3">
          and {formatPlural(types.length - TYPES_SHOWN, 'more type')}
        </p>
      ) : null}
      {plan.warnings.map((warning) => (
        <p key={warning} className="mt-2 flex items-start gap-1.5 text-s text-slow">
          <TriangleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />
          {warning}
        </p>
      ))}
    </div>
  );
};
