import { z } from 'zod';
import { type Leaf } from '#contracts/leaf.ts';
import { type NewOperation } from '#server/storage/operation-rows.ts';
import { type Clock } from '../clock.ts';
import { EngineError } from '../errors.ts';
import { type LeafArchive } from '../log/leaf-archive.ts';
import { LeafFileError } from '../log/leaf-file.ts';
import {
  type LiveProgress,
  type OperationRun,
  type RunContext,
  type RunEnd,
} from './operation-run.ts';
import { ProgressMeter } from './progress-meter.ts';

const RENEW_EVERY_MS = 1_000;

const leafParamsSchema = z.object({ from: z.number(), drop: z.boolean() });
type LeafParams = z.infer<typeof leafParamsSchema>;

/** The row of an operation that archives or restores a leaf. */
export function planLeafRun(
  kind: 'archive' | 'restore',
  leaf: Leaf,
  params: LeafParams,
): Omit<NewOperation, 'id' | 'actor'> {
  const span = `positions ${leaf.from.toLocaleString('en-GB')} to ${leaf.to.toLocaleString('en-GB')}`;
  const verb = kind === 'archive' ? 'Archive' : 'Restore';
  return {
    kind,
    title: `${verb} ${span}${params.drop ? ' and drop them' : ''}`,
    target: null,
    reason: null,
    params,
    total: leaf.rows ?? 0,
    position: null,
    ratePerSecond: null,
  };
}

/** Takes a leaf to its file or back. Begun again it does what is left to do; paused, it begins again from the first row. */
export class LeafRun implements OperationRun {
  readonly #deps: { readonly leaves: LeafArchive; readonly clock: Clock };
  readonly #context: RunContext;
  readonly #params: LeafParams;
  readonly #leaveOff = new AbortController();
  readonly #meter: ProgressMeter;
  #rows = 0;

  constructor(deps: { readonly leaves: LeafArchive; readonly clock: Clock }, context: RunContext) {
    this.#deps = deps;
    this.#context = context;
    this.#params = leafParamsSchema.parse(context.row.params);
    this.#meter = new ProgressMeter(deps.clock);
  }

  async run(): Promise<RunEnd> {
    const finished = new AbortController();
    const renewing = this.#renewUntil(finished.signal);
    try {
      await this.#work();
    } catch (error) {
      if (this.#leaveOff.signal.aborted) return { type: 'interrupted' };
      if (error instanceof LeafFileError) throw new EngineError('wrong-state', error.message);
      throw error;
    } finally {
      finished.abort();
      await renewing;
    }
    this.#rows = this.#context.row.total;
    await this.save();
    return { type: 'finished', detail: null };
  }

  interrupt(): void {
    this.#leaveOff.abort();
  }

  async save(): Promise<void> {
    const held = await this.#context.store({
      done: this.#rows,
      failed: 0,
      position: null,
      detail: null,
    });
    if (!held) this.#leaveOff.abort();
  }

  progress(): LiveProgress {
    const perSecond = this.#meter.perSecond();
    return { done: this.#rows, failed: 0, position: null, perSecond, detail: null };
  }

  #work(): Promise<void> {
    const { from, drop } = this.#params;
    const { row } = this.#context;
    const work = {
      actor: row.actor,
      signal: this.#leaveOff.signal,
      onProgress: (rows: number) => {
        this.#meter.add(rows - this.#rows);
        this.#rows = rows;
        this.#context.moved();
      },
    };
    return row.kind === 'restore'
      ? this.#deps.leaves.restore(from, work)
      : this.#deps.leaves.archive(from, drop, work);
  }

  /** The lease of the operation lasts while its work does, however long that is. */
  async #renewUntil(finished: AbortSignal): Promise<void> {
    for (;;) {
      await this.#deps.clock.sleep(RENEW_EVERY_MS, finished);
      if (finished.aborted) return;
      await this.save().catch(() => undefined);
    }
  }
}
