import { type Scenario, type ScenarioSettings } from '#contracts/scenario.ts';

/** What HTTP may do with scenarios; server/scenarios implements it. */
export type ScenarioControl = {
  list(): Promise<readonly Scenario[]>;
  start(name: string): Promise<Scenario>;
  stop(name: string): Promise<Scenario>;
  update(name: string, settings: ScenarioSettings): Promise<Scenario>;
};
