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
import { electNode } from './nodes/assignment.ts';
import { type Membership } from './nodes/membership.ts';
import { type NodeSignals } from './nodes/node-signals.ts';
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
  /** Whether this process is the one that produces for the scenario; of several exactly one is, as far as they know of each other. */
  isProducer(name: string): boolean;
  /** Calls back when another process stored something. Returns the way to stop. */
  onChange(listener: () => void): () => void;
};

export function createScenarioStore(deps: {
  readonly database: Database;
  readonly clock: Clock;
  readonly wakeOutbox: () => void;
  readonly membership: Pick<Membership, 'owner' | 'others' | 'isFresh' | 'isLeaving'>;
  readonly signals: NodeSignals;
}): ScenarioStore {
  const { prisma } = deps.database;
  return {
    list: () => expecting(() => selectScenarios(prisma)),
    isProducer: (name) => {
      const { owner, others, isFresh, isLeaving } = deps.membership;
      if (!isFresh || isLeaving) return false;
      const nodeIds = [owner.nodeId, ...others.map((node) => node.nodeId)];
      return electNode(`scenario ${name}`, nodeIds) === owner.nodeId;
    },
    onChange: (listener) => deps.signals.on('scenarios', listener),
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
        deps.signals.send('scenarios');
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
