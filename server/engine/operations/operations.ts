import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type RedriveRequest } from '#contracts/dead-letter.ts';
import { type ArchiveLeafRequest } from '#contracts/leaf.ts';
import { type Operation, type OperationPlan, type ReplayRequest } from '#contracts/operation.ts';
import { type Page } from '#contracts/page.ts';
import { type Database, type Db, withTransaction } from '#server/storage/database.ts';
import { insertOperationLetters } from '#server/storage/operation-letter-rows.ts';
import {
  insertOperation,
  lockOperation,
  lockOperationSlots,
  type NewOperation,
  type OperationRow,
  selectOperation,
  selectOperations,
  updateOperationState,
  updateOperationTotal,
} from '#server/storage/operation-rows.ts';
import { insertOutbox } from '#server/storage/outbox-rows.ts';
import { type Redelivery } from '../broker/redelivery.ts';
import { type Clock } from '../clock.ts';
import { databaseFailure } from '../database-failure.ts';
import { type Actor, type EventReader, type Operations } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { type EventLog } from '../log/event-log.ts';
import { type LeafArchive } from '../log/leaf-archive.ts';
import { decodeCursor, encodeCursor } from '../log/page-cursor.ts';
import { type Logger } from '../logger.ts';
import { type Service } from '../service.ts';
import { systemRow } from '../system/system-events.ts';
import { LeafRun, planLeafRun } from './leaf-run.ts';
import { aloneNode, type OperationNode } from './operation-node.ts';
import { type OperationRun, type RunContext } from './operation-run.ts';
import { hasEnded, transition } from './operation-state.ts';
import { OperationSupervisor, operationEvent } from './operation-supervisor.ts';
import { planRedrive } from './redrive-plan.ts';
import { RedriveRun } from './redrive-run.ts';
import { planReplay, refuseGone } from './replay-plan.ts';
import { ReplayRun, replayParamsSchema } from './replay-run.ts';

export type OperationsDependencies = {
  readonly database: Database;
  readonly log: Pick<EventLog, 'tailPosition'>;
  readonly reader: EventReader;
  readonly redelivery: Redelivery;
  readonly leaves: LeafArchive;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly wakeOutbox: () => void;
  /** This process among others; by default it is alone. */
  readonly node?: OperationNode;
};

const idSchema = z.uuid();
const cursorKeySchema = z.string().regex(/^[0-9 :.+-]{10,40}\|[0-9a-f-]{36}$/);

const COMMANDS = {
  pause: 'weir.operation.paused',
  resume: 'weir.operation.resumed',
  cancel: 'weir.operation.finished',
} as const;

/**
 * Durable, rate-limited work: replays and redrives. Promises: what was accepted is done, once the process runs again after a
 * crash too; every change of state stands on `$system` with who made it; deliveries go to the target alone.
 */
export function createOperations(deps: OperationsDependencies): {
  readonly operations: Operations;
  readonly services: readonly Service[];
} {
  const supervisor = new OperationSupervisor({
    ...deps,
    node: deps.node ?? aloneNode(),
    begin: (context) => beginRun(deps, context),
  });
  const book = new OperationBook(deps, supervisor);
  const operations: Operations = {
    replay: (request, actor) => guarded(() => book.replay(request, actor)),
    redrive: (request, actor) => guarded(() => book.redrive(request, actor)),
    archiveLeaf: (from, request, actor) => guarded(() => book.archiveLeaf(from, request, actor)),
    restoreLeaf: (from, actor) => guarded(() => book.restoreLeaf(from, actor)),
    list: (query) => guarded(() => book.list(query)),
    get: (id) => guarded(() => book.get(id)),
    pause: (id, actor) => guarded(() => book.change(id, 'pause', actor)),
    resume: (id, actor) => guarded(() => book.change(id, 'resume', actor)),
    cancel: (id, actor) => guarded(() => book.change(id, 'cancel', actor)),
    onProgress: (listener) => supervisor.broadcast.listen(listener),
  };
  return { operations, services: [supervisor] };
}

function beginRun(deps: OperationsDependencies, context: RunContext): OperationRun {
  if (context.row.kind === 'replay') return new ReplayRun(deps, context);
  if (context.row.kind === 'redrive') return new RedriveRun(deps, context);
  return new LeafRun(deps, context);
}

/** The rows of operations and what people may do to them. */
class OperationBook {
  readonly #deps: OperationsDependencies;
  readonly #supervisor: OperationSupervisor;

  constructor(deps: OperationsDependencies, supervisor: OperationSupervisor) {
    this.#deps = deps;
    this.#supervisor = supervisor;
  }

  async replay(request: ReplayRequest, actor: Actor): Promise<Operation | OperationPlan> {
    const { plan, operation } = await planReplay(this.#deps, request);
    if (request.dryRun) return plan;
    return this.#create(operation, actor, async (tx) => {
      // Retention moves marks under the lock that is held here.
      const { fromPosition, filter } = replayParamsSchema.parse(operation.params);
      if (typeof request.from === 'number')
        await refuseGone(tx, { fromPosition, topics: filter.topic });
      return operation.total;
    });
  }

  async redrive(request: RedriveRequest, actor: Actor): Promise<Operation | OperationPlan> {
    const { plan, operation, selection } = await planRedrive(this.#deps, request);
    if (request.dryRun) return plan;
    return this.#create(operation, actor, (tx, id) => insertOperationLetters(tx, id, selection));
  }

  async archiveLeaf(from: number, { drop }: ArchiveLeafRequest, actor: Actor): Promise<Operation> {
    const leaf = await this.#deps.leaves.check(from, drop ? 'drop' : 'archive');
    return this.#create(planLeafRun('archive', leaf, { from, drop }), actor);
  }

  async restoreLeaf(from: number, actor: Actor): Promise<Operation> {
    const leaf = await this.#deps.leaves.check(from, 'restore');
    return this.#create(planLeafRun('restore', leaf, { from, drop: false }), actor);
  }

  async list(query: Parameters<Operations['list']>[0]): Promise<Page<Operation>> {
    const { limit, cursor, ...question } = query;
    const key = cursor === undefined ? null : decodeCursor(question, cursorKeySchema, cursor);
    const [at = '', id = ''] = key === null ? [] : key.split('|');
    const found = await selectOperations(this.#deps.database.pool, question, {
      limit: limit + 1,
      below: key === null ? null : { at, id },
    });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const more = found.length > limit && last !== undefined;
    return {
      items: page.map(({ row }) => this.#supervisor.view(row)),
      nextCursor: more ? encodeCursor(question, `${last.exactCreatedAt}|${last.row.id}`) : null,
    };
  }

  async get(id: string): Promise<Operation> {
    const row = isId(id) ? await selectOperation(this.#deps.database.pool, id) : null;
    if (row === null) throw unknown(id);
    return this.#supervisor.view(row);
  }

  async change(id: string, command: keyof typeof COMMANDS, actor: Actor): Promise<Operation> {
    const { database, clock, wakeOutbox } = this.#deps;
    if (!isId(id)) throw unknown(id);
    await this.#supervisor.save(id);
    const row = await withTransaction(database.pool, async (tx) => {
      await lockOperationSlots(tx);
      const current = await lockOperation(tx, id);
      if (current === null) throw unknown(id);
      const state = transition(current.state, command);
      const changed =
        state === 'planned'
          ? await this.#supervisor.admit(tx, id)
          : await updateOperationState(tx, id, { state, detail: null, ended: hasEnded(state) });
      const event = operationEvent(COMMANDS[command], changed, actor);
      await insertOutbox(tx, [systemRow(event, clock.now())]);
      return changed;
    });
    wakeOutbox();
    this.#supervisor.changed(row);
    return this.#supervisor.view(row);
  }

  async #create(
    operation: Omit<NewOperation, 'id' | 'actor'>,
    actor: Actor,
    fill?: (tx: Db, id: string) => Promise<number>,
  ): Promise<Operation> {
    const { database, clock, wakeOutbox } = this.#deps;
    const id = randomUUID();
    const row = await withTransaction(database.pool, async (tx): Promise<OperationRow> => {
      await lockOperationSlots(tx);
      await insertOperation(tx, { ...operation, id, actor });
      const total = await fill?.(tx, id);
      if (total !== undefined) await updateOperationTotal(tx, id, total);
      const admitted = await this.#supervisor.admit(tx, id);
      await insertOutbox(tx, [
        systemRow(operationEvent('weir.operation.created', admitted, actor), clock.now()),
      ]);
      return admitted;
    });
    wakeOutbox();
    this.#supervisor.changed(row);
    return this.#supervisor.view(row);
  }
}

const isId = (id: string): boolean => idSchema.safeParse(id).success;

const unknown = (id: string) =>
  new EngineError('unknown-operation', `There is no operation ${id}.`, { id });

/** A database that cannot answer is an expected failure here. */
async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw databaseFailure(error) ?? error;
  }
}
