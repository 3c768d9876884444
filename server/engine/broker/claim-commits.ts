import { type Owner } from '#server/storage/partition-rows.ts';
import { type Clock } from '../clock.ts';
import { type Logger } from '../logger.ts';
import { BatchedWrites } from './batched-writes.ts';
import { type BrokerStore } from './broker-store.ts';
import { type ClaimedRange } from './claimed-range.ts';

/** Stores how far one queue's claims are, all that moved in one statement: complete ones are deleted. At most one write at a time. */
export class ClaimCommits {
  readonly #store: BrokerStore;
  readonly #owner: Owner;
  readonly #onGone: (claim: ClaimedRange) => void;
  readonly #onLost: (claim: ClaimedRange) => void;
  readonly #writes: BatchedWrites<ClaimedRange>;

  constructor(deps: {
    readonly store: BrokerStore;
    readonly owner: Owner;
    readonly clock: Clock;
    readonly logger: Logger;
    /** Complete, and its row is deleted. */
    readonly onGone: (claim: ClaimedRange) => void;
    /** Somebody else has it. */
    readonly onLost: (claim: ClaimedRange) => void;
  }) {
    this.#store = deps.store;
    this.#owner = deps.owner;
    this.#onGone = deps.onGone;
    this.#onLost = deps.onLost;
    this.#writes = new BatchedWrites({
      write: (claims) => this.#write(claims),
      clock: deps.clock,
      logger: deps.logger,
    });
  }

  /** Something of the claim is done. */
  note(claim: ClaimedRange): void {
    this.#writes.note(claim);
  }

  /** Stores everything noted until now. Rejects when the database does. */
  flush(): Promise<void> {
    return this.#writes.flush();
  }

  /** Forgets what is not stored: it will be delivered again. */
  drop(): void {
    this.#writes.drop();
  }

  async #write(noted: readonly ClaimedRange[]): Promise<void> {
    const claims = noted.filter((claim) => !claim.lost);
    if (claims.length === 0) return;
    const rows = claims.map(({ claimId, epoch, progress }) => ({
      id: claimId,
      epoch,
      from: progress.from,
      done: progress.islands(),
      complete: progress.isComplete,
    }));
    const kept = new Set(await this.#store.updateClaims(this.#owner, rows));
    for (const [index, claim] of claims.entries()) {
      if (!kept.has(claim.claimId)) this.#onLost(claim);
      else if (rows[index]?.complete === true) this.#onGone(claim);
    }
  }
}
