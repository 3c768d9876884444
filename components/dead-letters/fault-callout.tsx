'use client';
import { useQuery } from '@tanstack/react-query';
import { Wrench } from 'lucide-react';
import { Button } from '#components/ui/button.tsx';
import { toast } from '#components/ui/toast.tsx';
import { type Fault, type Scenario } from '#contracts/scenario.ts';
import { formatShare } from '#lib/format/number.ts';
import { scenariosQuery, useUpdateScenario } from '#lib/queries/scenarios.ts';

const HEALTHY: Fault = { failureRate: 0, latencyMs: 0, crashRate: 0, duplicateRate: 0 };

/** Says that a consumer fails because a scenario makes it, and offers the cure: a retry before that fails again. */
export function FaultCallout({ subscription }: { subscription: string }) {
  const broken = useBroken(subscription);
  const update = useUpdateScenario();
  if (!broken) return null;
  const { scenario, fault } = broken;
  const write = (next: Fault, message: string, undo?: () => void) =>
    update.mutate(
      { name: scenario, settings: { faults: { [subscription]: next } } },
      {
        onSuccess: () => toast.done(message, undo ? { undo } : {}),
        onError: (error) => toast.failed(`${subscription} could not be repaired`, error),
      },
    );
  const repair = () =>
    write(HEALTHY, `${subscription} is repaired; its letters can be retried`, () =>
      write(fault, `${subscription} is broken again`),
    );
  return (
    <div
      role="note"
      className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-m border border-line border-l-slow bg-raised px-3 py-2 [border-left-width:3px]"
    >
      <Wrench aria-hidden className="size-4 shrink-0 text-slow" strokeWidth={1.75} />
      <p className="min-w-0 flex-1 basis-48 text-s">
        <span className="font-medium text-text">
          {subscription} is broken on purpose (fails {formatShare(fault.failureRate)}).
        </span>{' '}
        <span className="text-text-2">
          Scenario {scenario} fails the same events at each attempt: a retry before the repair fails
          again.
        </span>
      </p>
      <Button variant="primary" onClick={repair} busy={update.isPending}>
        Repair it
      </Button>
    </div>
  );
}

/** The running scenario that makes this consumer fail, if there is one. */
function useBroken(subscription: string): { scenario: string; fault: Fault } | null {
  const scenarios = useQuery(scenariosQuery()).data;
  const scenario = scenarios?.find((one) => breaks(one, subscription));
  const fault = scenario?.faults[subscription];
  return scenario && fault ? { scenario: scenario.name, fault } : null;
}

function breaks(scenario: Scenario, subscription: string): boolean {
  return scenario.state === 'running' && (scenario.faults[subscription]?.failureRate ?? 0) > 0;
}
