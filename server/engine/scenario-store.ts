import { type Database } from '#server/storage/database.ts';
import { insertOutboxByPrisma } from '#server/storage/outbox-rows.ts';
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
  const { prisma } = deps.database;
  return {
    list: () => expecting(() => selectScenarios(prisma)),
    addPublished: (name, count) => expecting(() => addScenarioPublished(prisma, name, count)),
    save: (scenario, type, actor) =>
      expecting(async () => {
        const now = deps.clock.now();
        const stored = await prisma.$transaction(async (tx) => {
          const row = await upsertScenario(tx, scenario, new Date(now));
          const { name, ratePerSecond, faults, state } = row;
          const event = { type, subject: name, data: { state, ratePerSecond, faults, actor } };
          await insertOutboxByPrisma(tx, [systemRow(event, now)]);
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
