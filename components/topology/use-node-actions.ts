import { useQuery } from '@tanstack/react-query';
import { toast } from '#components/ui/toast.tsx';
import { type Fault, type Scenario } from '#contracts/scenario.ts';
import { scenariosQuery, useUpdateScenario } from '#lib/queries/scenarios.ts';
import {
  usePauseSubscription,
  useResumeSubscription,
  useSetBreaker,
} from '#lib/queries/subscriptions.ts';

/** What the menu injects: two in ten events fail, the same ones at each attempt, until it is repaired. */
export const INJECTED_FAULT: Fault = {
  failureRate: 0.2,
  latencyMs: 0,
  errorClass: 'InjectedFault',
  crashRate: 0,
  duplicateRate: 0,
};
const REPAIRED: Fault = { failureRate: 0, latencyMs: 0, crashRate: 0, duplicateRate: 0 };

const isHarmful = (fault: Fault | undefined): boolean =>
  fault !== undefined &&
  (fault.failureRate > 0 || fault.latencyMs > 0 || fault.crashRate > 0 || fault.duplicateRate > 0);

export type NodeActions = {
  readonly pause: (name: string) => void;
  readonly resume: (name: string) => void;
  readonly setBreaker: (name: string, state: 'open' | 'closed') => void;
  /** Null when the consumer belongs to no scenario that is known. */
  readonly faultOf: (name: string, scenario: string | null) => { isInjected: boolean } | null;
  readonly setFault: (name: string, scenario: string, isInjected: boolean) => void;
  readonly isBusy: boolean;
};

/** Changes from the graph. All are safe: done at once, with Undo; a refusal is told as it is. */
export const useNodeActions = (): NodeActions => {
  const pauseMutation = usePauseSubscription();
  const resumeMutation = useResumeSubscription();
  const breakerMutation = useSetBreaker();
  const scenarioMutation = useUpdateScenario();
  const scenarios = useQuery(scenariosQuery()).data;

  const pause = (name: string) =>
    pauseMutation.mutate(name, {
      onSuccess: () =>
        toast.done(`${name} is paused`, {
          detail: 'Events wait in the log; nothing is lost.',
          undo: () => resumeMutation.mutate(name),
        }),
      onError: (error) => toast.failed(`${name} could not be paused`, error),
    });
  const resume = (name: string) =>
    resumeMutation.mutate(name, {
      onSuccess: () => toast.done(`${name} runs again`, { undo: () => pauseMutation.mutate(name) }),
      onError: (error) => toast.failed(`${name} could not be resumed`, error),
    });
  const setBreaker = (name: string, state: 'open' | 'closed') =>
    breakerMutation.mutate(
      { name, state },
      {
        onSuccess: () =>
          toast.done(`Breaker of ${name} is ${state}`, {
            undo: () =>
              breakerMutation.mutate({ name, state: state === 'open' ? 'closed' : 'open' }),
          }),
        onError: (error) => toast.failed(`Breaker of ${name} could not be set`, error),
      },
    );
  const setFault = (name: string, scenario: string, isInjected: boolean) => {
    const before = faultIn(scenarios, scenario, name);
    const change = (fault: Fault) => ({ name: scenario, settings: { faults: { [name]: fault } } });
    scenarioMutation.mutate(change(isInjected ? INJECTED_FAULT : REPAIRED), {
      onSuccess: () =>
        toast.done(isInjected ? `${name} now fails on every fifth event` : `${name} is repaired`, {
          undo: () => scenarioMutation.mutate(change(before ?? REPAIRED)),
        }),
      onError: (error) => toast.failed(`Faults of ${name} could not be changed`, error),
    });
  };
  return {
    pause,
    resume,
    setBreaker,
    setFault,
    faultOf: (name, scenario) => {
      const known = scenarios?.some((one) => one.name === scenario);
      if (scenario === null || !known) return null;
      return { isInjected: isHarmful(faultIn(scenarios, scenario, name)) };
    },
    isBusy: pauseMutation.isPending || resumeMutation.isPending || breakerMutation.isPending,
  };
};

const faultIn = (
  scenarios: readonly Scenario[] | undefined,
  scenario: string,
  consumer: string,
): Fault | undefined => scenarios?.find((one) => one.name === scenario)?.faults[consumer];
