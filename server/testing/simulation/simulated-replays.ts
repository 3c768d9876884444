import { randomUUID } from 'node:crypto';
import { type LogRecord } from '#server/engine/log/event-record.ts';
import { ReplayRun } from '#server/engine/operations/replay-run.ts';
import { type OperationRow } from '#server/storage/operation-rows.ts';
import { type MemoryLog } from './memory-log.ts';
import { type Tables } from './memory-tables.ts';
import { type SimulatedNode } from './simulated-node.ts';

const LOOK_EVERY_MS = 1_000;
const LEASE_MS = 5_000;
const SCAN_PAGE = 7;

type ReplaysDependencies = {
  readonly log: MemoryLog;
  readonly tables: () => Tables;
  readonly now: () => number;
  readonly consumer: string;
  readonly spoil?:
    | ((range: { readonly from: number; readonly to: number }) => {
        readonly from: number;
        readonly to: number;
      })
    | undefined;
};

type Replay = {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  position: number;
  done: number;
  failed: number;
  leaseUntilMs: number;
  isFinished: boolean;
};

/** Replays, each run by one process at a time with the real ReplayRun, and taken over when that one is gone. */
export class SimulatedReplays {
  readonly #deps: ReplaysDependencies;
  readonly #replays: Replay[] = [];

  constructor(deps: ReplaysDependencies) {
    this.#deps = deps;
  }

  /** Of what is in the log now. */
  plan(from: number, to: number): void {
    const end = Math.min(to, this.#deps.log.tail);
    if (end < from) return;
    const id = randomUUID();
    const progress = { position: from - 1, done: 0, failed: 0, leaseUntilMs: 0, isFinished: false };
    this.#replays.push({ id, from, to: end, ...progress });
    this.#deps.tables().operations.push({ id, claimedBy: null });
  }

  left(): number {
    return this.#replays.filter((replay) => !replay.isFinished).length;
  }

  finished(): readonly { readonly id: string; readonly from: number; readonly to: number }[] {
    return this.#replays.filter((replay) => replay.isFinished);
  }

  /** The process looks for replays from now on, as long as it lives. */
  serve(node: SimulatedNode): void {
    const mine = new Set<string>();
    const look = (): void => {
      for (const replay of this.#replays) {
        if (mine.has(replay.id) || !this.#claim(replay, node)) continue;
        mine.add(replay.id);
        void this.#run(replay, node).finally(() => mine.delete(replay.id));
      }
      node.life.after(LOOK_EVERY_MS, look);
    };
    look();
  }

  #claim(replay: Replay, { incarnation }: SimulatedNode): boolean {
    const now = this.#deps.now();
    if (replay.isFinished) return false;
    if (this.#holderOf(replay) !== incarnation && replay.leaseUntilMs > now) return false;
    replay.leaseUntilMs = now + LEASE_MS;
    const row = this.#deps.tables().operations.find((one) => one.id === replay.id);
    if (row !== undefined) row.claimedBy = incarnation;
    return true;
  }

  #holderOf({ id }: Replay): string | null {
    return this.#deps.tables().operations.find((one) => one.id === id)?.claimedBy ?? null;
  }

  async #run(replay: Replay, node: SimulatedNode): Promise<void> {
    const { from, to } = this.#deps.spoil?.(replay) ?? replay;
    const params = {
      fromPosition: from,
      toPosition: to,
      filter: {},
      target: { subscription: this.#deps.consumer },
    };
    const run = new ReplayRun(
      {
        reader: { scan: (query, signal) => this.#scan(node, query, signal) },
        redelivery: node.parts.redelivery,
        clock: node.life.clock,
      },
      {
        row: rowOf(replay, params),
        moved: () => undefined,
        store: (progress) =>
          node.network.call(async () => {
            if (this.#holderOf(replay) !== node.incarnation) return false;
            const { position, done, failed } = progress;
            Object.assign(replay, { position: position ?? replay.position, done, failed });
            replay.leaseUntilMs = this.#deps.now() + LEASE_MS;
            return true;
          }),
      },
    );
    const end = await run.run().catch(() => null);
    const isMine = this.#holderOf(replay) === node.incarnation;
    if (end?.type === 'finished' && isMine) replay.isFinished = true;
  }

  async *#scan(
    node: SimulatedNode,
    query: { readonly fromPosition?: number | undefined; readonly toPosition?: number | undefined },
    signal: AbortSignal,
  ): AsyncIterable<readonly LogRecord[]> {
    let next = query.fromPosition ?? 1;
    const last = query.toPosition ?? 0;
    while (next <= last && !signal.aborted) {
      const page = await node.log.readAfter(next - 1, Math.min(SCAN_PAGE, last - next + 1));
      if (page.length === 0) return;
      next += page.length;
      yield page;
    }
  }
}

function rowOf(replay: Replay, params: Record<string, unknown>): OperationRow {
  const at = new Date(0).toISOString();
  return {
    id: replay.id,
    kind: 'replay',
    state: 'running',
    title: 'a replay',
    detail: null,
    target: null,
    actor: 'person',
    reason: null,
    params,
    total: 0,
    done: replay.done,
    failed: replay.failed,
    position: replay.position < replay.from ? null : replay.position,
    ratePerSecond: null,
    createdAt: at,
    startedAt: at,
    finishedAt: null,
    updatedAt: at,
  };
}
