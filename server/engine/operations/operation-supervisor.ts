import { type Operation } from '#contracts/operation.ts';
import { type Database, withTransaction } from '#server/storage/database.ts';
import {
  claimOperations,
  countRunningOperations,
  lockOperation,
  lockOperationSlots,
  type OperationRow,
  releaseOperation,
  selectOperation,
  selectPlannedOperationIds,
  updateOperationProgress,
  updateOperationState,
  updateUnclaimedProgress,
} from '#server/storage/operation-rows.ts';
import { insertOutbox } from '#server/storage/outbox-rows.ts';
import { type Clock } from '../clock.ts';
import { databaseFailure } from '../database-failure.ts';
import { isEngineError } from '../errors.ts';
import { type Logger } from '../logger.ts';
import { type Service } from '../service.ts';
import { type SystemEvent, systemRow } from '../system/system-events.ts';
import { OperationBroadcast } from './operation-broadcast.ts';
import { type OperationNode } from './operation-node.ts';
import { type OperationRun, type RunContext, type RunEnd } from './operation-run.ts';
import { hasEnded, nextOperationState, type OperationEvent } from './operation-state.ts';
import { toOperation } from './operation-view.ts';

/** Operations at work at once; more wait as planned. */
export const MAX_RUNNING_OPERATIONS = 4;
export const WAITING_FOR_SLOT = 'Waiting for a slot: others are running.';
const LOOK_EVERY_MS = 1_000;
/** A run whose database or target was away begins again this often without progress before it is given up. */
const MAX_RESTARTS = 20;
const RESTART_AFTER_MS = 1_000;
const STOP_GRACE_MS = 2_000;

export type SupervisorDependencies = {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly wakeOutbox: () => void;
  readonly node: OperationNode;
  readonly begin: (context: RunContext) => OperationRun;
};

type Held = {
  readonly run: OperationRun;
  row: OperationRow;
  /** Of this process when it began. */
  readonly claimant: string;
  readonly ended: Promise<void>;
};

/**
 * Sees to it that every running operation is run, by one process at a time. Promises: what was running when the process died
 * goes on at the next start from what its row says; what is paused stays paused.
 */
export class OperationSupervisor implements Service {
  readonly name = 'operations';
  readonly broadcast: OperationBroadcast;
  readonly #deps: SupervisorDependencies;
  readonly #held = new Map<string, Held>();
  readonly #restarts = new Map<string, { settled: number; count: number; notBefore: number }>();
  #stopping = new AbortController();
  #look = new AbortController();
  #loop: Promise<void> | null = null;

  constructor(deps: SupervisorDependencies) {
    this.#deps = deps;
    deps.node.onChange(() => void this.#followOthers());
    this.broadcast = new OperationBroadcast(deps.clock, (id) => this.#view(id));
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController();
    this.#loop ??= this.#keepLooking();
    await Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#look.abort();
    await this.#loop;
    this.#loop = null;
    const held = [...this.#held.values()];
    for (const { run } of held) run.interrupt('drain');
    const ended = Promise.all(held.map((one) => one.ended));
    const grace = new AbortController();
    await Promise.race([ended, this.#deps.clock.sleep(STOP_GRACE_MS, grace.signal)]);
    grace.abort();
    for (const { run } of held) run.interrupt('abandon');
    await ended;
    this.broadcast.close();
  }

  /** Looks at once for operations to run. */
  wake(): void {
    this.#look.abort();
  }

  /** The operation with what its run knows beyond the row. */
  view(row: OperationRow): Operation {
    const held = this.#held.get(row.id);
    return toOperation(
      row,
      row.state === 'running' && held !== undefined ? held.run.progress() : null,
    );
  }

  /** Saves how far it has come, before its state is changed. */
  async save(id: string): Promise<void> {
    await this.#held.get(id)?.run.save();
  }

  /** Its state was changed: begin, leave off, and tell those who watch. */
  changed(row: OperationRow): void {
    const held = this.#held.get(row.id);
    if (held !== undefined) {
      held.row = row;
      if (row.state !== 'running') held.run.interrupt(hasEnded(row.state) ? 'abandon' : 'drain');
    }
    this.broadcast.now(this.view(row));
    this.#deps.node.tellOthers();
    this.wake();
  }

  /** Gives a planned operation a slot when one is free. Call inside a transaction that holds the slot lock. */
  async admit(tx: Parameters<typeof lockOperationSlots>[0], id: string): Promise<OperationRow> {
    const free = (await countRunningOperations(tx)) < MAX_RUNNING_OPERATIONS;
    return updateOperationState(tx, id, {
      state: free ? 'running' : 'planned',
      detail: free ? null : WAITING_FOR_SLOT,
      ended: false,
    });
  }

  #view(id: string): Operation | null {
    const held = this.#held.get(id);
    return held === undefined ? null : this.view(held.row);
  }

  async #keepLooking(): Promise<void> {
    const { clock, logger } = this.#deps;
    while (!this.#stopping.signal.aborted) {
      this.#look = new AbortController();
      try {
        this.#leaveToOthers();
        await this.#admitPlanned();
        await this.#runClaimed();
      } catch (error) {
        logger.warn({ err: error }, 'could not look for operations; trying again');
      }
      await clock.sleep(LOOK_EVERY_MS, this.#look.signal);
    }
  }

  async #admitPlanned(): Promise<void> {
    const { pool } = this.#deps.database;
    const waiting = await selectPlannedOperationIds(pool, 1);
    if (waiting.length === 0) return;
    const admitted = await withTransaction(pool, async (tx) => {
      await lockOperationSlots(tx);
      const free = MAX_RUNNING_OPERATIONS - (await countRunningOperations(tx));
      const ids = free > 0 ? await selectPlannedOperationIds(tx, free) : [];
      const rows: OperationRow[] = [];
      for (const id of ids) rows.push(await this.admit(tx, id));
      return rows;
    });
    for (const row of admitted) this.broadcast.now(this.view(row));
  }

  async #runClaimed(): Promise<void> {
    const { database, node, clock } = this.#deps;
    const now = clock.monotonicMs();
    const resting = [...this.#restarts].filter(([, restart]) => restart.notBefore > now);
    const except = [...this.#held.keys(), ...resting.map(([id]) => id)];
    const owner = node.owner();
    const leave = { except, elsewhere: node.servedElsewhere() };
    const rows = await claimOperations(database.pool, owner, leave);
    for (const row of rows) this.#begin(row, owner.incarnation);
  }

  /** What was begun in a life that others thought over, and replays to what only others can deliver to. */
  #leaveToOthers(): void {
    const { node } = this.#deps;
    const { incarnation } = node.owner();
    const elsewhere = new Set(node.servedElsewhere());
    for (const { run, row, claimant } of this.#held.values()) {
      const isElsewhere = row.kind === 'replay' && row.target !== null && elsewhere.has(row.target);
      if (claimant !== incarnation || isElsewhere) run.interrupt('abandon');
    }
  }

  /** Another process changed the state of an operation; perhaps it is run here. */
  async #followOthers(): Promise<void> {
    this.wake();
    const { database, logger } = this.#deps;
    try {
      for (const [id, held] of this.#held) {
        const row = await selectOperation(database.pool, id);
        if (row === null || row.state === 'running') continue;
        held.row = row;
        held.run.interrupt(hasEnded(row.state) ? 'abandon' : 'drain');
      }
    } catch (error) {
      logger.debug({ err: error }, 'the state of operations is seen with their next progress');
    }
  }

  #begin(row: OperationRow, claimant: string): void {
    const { database } = this.#deps;
    const { id } = row;
    const run = this.#deps.begin({
      row,
      store: async (progress) => {
        const held = await updateOperationProgress(database.pool, claimant, { id, ...progress });
        if (!held) await updateUnclaimedProgress(database.pool, { id, ...progress });
        return held;
      },
      moved: () => this.broadcast.soon(id),
    });
    const ended = run
      .run()
      .then((end) => this.#onEnd(id, end, claimant))
      .catch((error: unknown) => this.#onFailure(row, run, error))
      .catch((error: unknown) => void this.#rest(id, run, error))
      .finally(() => {
        this.#held.delete(id);
        this.wake();
      });
    this.#held.set(id, { run, row, claimant, ended });
  }

  async #onEnd(id: string, end: RunEnd, claimant: string): Promise<void> {
    const { database } = this.#deps;
    if (end.type === 'interrupted') {
      await releaseOperation(database.pool, id, claimant);
      return;
    }
    this.#restarts.delete(id);
    await this.#finish(id, end.type === 'finished' ? 'finish' : 'stop', end.detail);
  }

  async #onFailure(row: OperationRow, run: OperationRun, error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    const passing = databaseFailure(error) !== null || isEngineError(error, 'unavailable');
    if (isEngineError(error) && !passing) {
      await this.#finish(row.id, 'fail', message);
      return;
    }
    if (this.#rest(row.id, run, error)) return;
    await this.#finish(row.id, 'fail', message);
  }

  /** Lets it rest before it begins again; false when it has come no further too often. */
  #rest(id: string, run: OperationRun, error: unknown): boolean {
    const { clock, logger } = this.#deps;
    const { done, failed } = run.progress();
    const before = this.#restarts.get(id);
    const count = before?.settled === done + failed ? before.count + 1 : 1;
    const notBefore = clock.monotonicMs() + RESTART_AFTER_MS * Math.min(count, 10);
    this.#restarts.set(id, { settled: done + failed, count, notBefore });
    logger.warn({ err: error, operationId: id, restart: count }, 'an operation was interrupted');
    return count <= MAX_RESTARTS;
  }

  async #finish(id: string, event: OperationEvent, detail: string | null): Promise<void> {
    const { database, clock, wakeOutbox } = this.#deps;
    const row = await withTransaction(database.pool, async (tx) => {
      const current = await lockOperation(tx, id);
      const state = current === null ? undefined : nextOperationState(current.state, event);
      if (state === undefined) return null;
      const updated = await updateOperationState(tx, id, { state, detail, ended: hasEnded(state) });
      await insertOutbox(tx, [
        systemRow(operationEvent('weir.operation.finished', updated), clock.now()),
      ]);
      return updated;
    });
    const latest = row ?? (await selectOperation(database.pool, id));
    if (latest !== null) this.broadcast.now(toOperation(latest, null));
    wakeOutbox();
  }
}

/** The fact of a change to an operation, as it stands on `$system`. */
export function operationEvent(
  type: Extract<SystemEvent['type'], `weir.operation.${string}`>,
  row: OperationRow,
  actor: string = row.actor,
): SystemEvent {
  const { kind, state, title, target, total, done, failed, detail, reason, params } = row;
  return {
    type,
    subject: row.id,
    data: { kind, state, title, target, total, done, failed, detail, reason, params, actor },
  };
}
