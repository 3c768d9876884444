import { TriangleAlert } from 'lucide-react';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { type OperationPlan } from '#contracts/operation.ts';
import { type RedriveInput } from '#lib/api/operations.ts';
import { formatDuration } from '#lib/format/duration.ts';
import { formatCount, formatPlural, formatRate } from '#lib/format/number.ts';

const TYPES_SHOWN = 6;

/** What a redrive would do, in one sentence with numbers. */
export function RedrivePlan(props: {
  plan: OperationPlan | undefined;
  request: RedriveInput | null;
}) {
  const { plan } = props;
  if (!plan) return <Skeleton className="h-[76px]" />;
  if (plan.total === 0) {
    return (
      <p className="rounded-m border border-line bg-bg p-3 text-m text-text-2">
        None of these letters waits any more: they are being retried, were handled or discarded.
      </p>
    );
  }
  const rate = props.request?.ratePerSecond;
  return (
    <div aria-live="polite" className="rounded-m border border-line bg-bg p-3">
      <p className="text-m text-text">
        Will re-deliver <strong className="num">{formatPlural(plan.total, 'letter')}</strong> to{' '}
        <strong>{plan.target ?? 'their consumers'}</strong> only, oldest {ageOf(plan.oldestAt)},{' '}
        {plan.estimatedMs === null || rate === undefined
          ? 'as fast as they are handled'
          : `about ${formatDuration(plan.estimatedMs)} at ${formatRate(rate)}/s`}
        .
      </p>
      <p className="mt-1 text-s text-text-3">
        {plan.byType
          .slice(0, TYPES_SHOWN)
          .map((one) => `${formatCount(one.count)} × ${one.type}`)
          .join(' · ')}
        . Nobody else sees these deliveries; they are marked as redriven. A letter is resolved when
        its handler has acknowledged it.
      </p>
      {plan.warnings.map((warning) => (
        <p key={warning} className="mt-2 flex items-start gap-1.5 text-s text-slow">
          <TriangleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />
          {warning}
        </p>
      ))}
    </div>
  );
}

function ageOf(at: string | null): string {
  return at === null ? 'unknown' : formatDuration(Date.now() - Date.parse(at));
}
