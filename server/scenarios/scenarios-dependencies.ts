import { type Clock, type Random } from '#server/engine/clock.ts';
import { type Broker, type Publisher, type Topics } from '#server/engine/engine-parts.ts';
import { type Logger } from '#server/engine/logger.ts';
import { type ScenarioStore } from '#server/engine/scenario-store.ts';
import { type ScenarioDefinition } from './scenario.ts';

/** What a scenario uses: what a program outside has over HTTP, and faults. */
export type ScenarioEngine = {
  readonly broker: Pick<Broker, 'register' | 'unregister' | 'setFaults'>;
  readonly publisher: Publisher;
  readonly topics: Pick<Topics, 'find' | 'put'>;
  readonly scenarioStore: ScenarioStore;
};

export type ScenariosDependencies = {
  readonly engine: ScenarioEngine;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Starts by itself the first time; afterwards people decide. Null for an empty Weir. */
  readonly initial: string | null;
  /** Those that ship with Weir, unless a test brings its own. */
  readonly definitions?: readonly ScenarioDefinition[];
};
