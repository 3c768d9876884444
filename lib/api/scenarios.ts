import { z } from 'zod';
import { type Scenario, type ScenarioSettings, scenarioSchema } from '#contracts/scenario.ts';
import { type RequestOptions, request } from './client.ts';

export async function fetchScenarios(
  signal?: RequestOptions['signal'],
): Promise<readonly Scenario[]> {
  const schema = z.object({ items: z.array(scenarioSchema) });
  const page = await request(schema, '/scenarios', { signal });
  return page.items;
}

export function startScenario(name: string): Promise<Scenario> {
  return request(scenarioSchema, `${pathOf(name)}/start`, { method: 'POST', body: {} });
}

export function stopScenario(name: string): Promise<Scenario> {
  return request(scenarioSchema, `${pathOf(name)}/stop`, { method: 'POST', body: {} });
}

export function updateScenario(name: string, settings: ScenarioSettings): Promise<Scenario> {
  return request(scenarioSchema, pathOf(name), { method: 'PUT', body: settings });
}

function pathOf(name: string): string {
  return `/scenarios/${encodeURIComponent(name)}`;
}
