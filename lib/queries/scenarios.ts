import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { type Scenario, type ScenarioSettings } from '#contracts/scenario.ts';
import { fetchScenarios, startScenario, stopScenario, updateScenario } from '#lib/api/scenarios.ts';
import { queryKeys } from './query-keys.ts';

const REFRESH_MS = 3_000;

export function scenariosQuery() {
  return queryOptions({
    queryKey: queryKeys.scenarios,
    queryFn: ({ signal }) => fetchScenarios(signal),
    refetchInterval: REFRESH_MS,
  });
}

export function useStartScenario() {
  return useScenarioChange((name: string) => startScenario(name));
}

export function useStopScenario() {
  return useScenarioChange((name: string) => stopScenario(name));
}

/** Sets the rate and the faults of the consumers that are named. */
export function useUpdateScenario() {
  return useScenarioChange((change: { name: string; settings: ScenarioSettings }) =>
    updateScenario(change.name, change.settings),
  );
}

function useScenarioChange<Change>(change: (input: Change) => Promise<Scenario>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (scenario) => {
      client.setQueryData<readonly Scenario[]>(queryKeys.scenarios, (before) =>
        before?.map((one) => (one.name === scenario.name ? scenario : one)),
      );
      return client.invalidateQueries({ queryKey: queryKeys.scenarios });
    },
  });
}
