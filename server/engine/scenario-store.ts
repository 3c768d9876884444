import { type Database, withTransaction } from '#server/storage/database.ts';
import { insertOutbox } from '#server/storage/outbox-rows.ts';
import {
  addScenarioPublished,
  type ScenarioRow,
  selectScenarios,
  upsertScenario,
} from '#server/storage/scenario-rows.ts';
import { type Clock } from './clock.ts';
import { databaseFailure } from './database-failure.ts';
import { type Actor } from './engine-parts.ts';
import { type SystemEvent, systemRow } from './system/system-events.ts';

export type StoredScenario = ScenarioRow;

/** What outlives the process of a scenario: whether it runs, how fast, and what is broken in it. */
export type ScenarioStore = {
  /** Only those that were ever started or set. */
  list(): Promise<readonly StoredScenario[]>;
  /** Stores state and settings, and tells of it on `$system`. */
  save(
    scenario: Pick<StoredScenario, 'name' | 'state' | 'ratePerSecond' | 'faults'>,
    fact: Extract<SystemEvent['type'], `weir.scenario.${string}`>,
    actor: Actor,
  ): Promise<StoredScenario>;
  addPublished(name: string, count: number): Promise<void>;
};

export function createScenarioStore(deps: {
  readonly database: Database;
  readonly clock: Clock;
  readonly wakeOutbox: () => void;
}): ScenarioStore {
  const { pool } = deps.database;
  return {
    list: () => expecting(() => selectScenarios(pool)),
    addPublished: (name, count) => expecting(() => addScenarioPublished(pool, name, count)),
    save: (scenario, type, actor) =>
      expecting(async () => {
        const stored = await withTransaction(pool, async (tx) => {
          const row = await upsertScenario(tx, scenario);
          const { name, ratePerSecond, faults, state } = row;
          const event = { type, subject: name, data: { state, ratePerSecond, faults, actor } };
          await insertOutbox(tx, [systemRow(event, deps.clock.now())]);
          return row;
        });
        deps.wakeOutbox();
        return stored;
      }),
  };
}

async function expecting<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw databaseFailure(error) ?? error;
  }
}
