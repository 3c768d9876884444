import { type OperationRow } from '#server/storage/operation-rows.ts';

/** What a run knows that its row does not yet. */
export type LiveProgress = {
  readonly done: number;
  readonly failed: number;
  readonly position: number | null;
  readonly perSecond: number;
  readonly detail: string | null;
};

export type RunEnd =
  | { readonly type: 'finished'; readonly detail: string | null }
  /** It ended itself because too much failed. */
  | { readonly type: 'stopped'; readonly detail: string }
  /** It was told to leave off; what it did is saved. */
  | { readonly type: 'interrupted' };

/** One operation at work in this process. */
export type OperationRun = {
  /** Works until the end or an interrupt. Rejects when it cannot go on; it may then be begun again from its row. */
  run(): Promise<RunEnd>;
  /** `drain`: begin nothing more, wait for what is in flight. `abandon`: do not wait either. */
  interrupt(how: 'drain' | 'abandon'): void;
  /** Writes how far it has come now. */
  save(): Promise<void>;
  progress(): LiveProgress;
};

export type RunContext = {
  readonly row: OperationRow;
  /** Stores the progress and renews the lease; false when the operation is not this run's any more. */
  readonly store: (progress: {
    readonly done: number;
    readonly failed: number;
    readonly position: number | null;
    readonly detail: string | null;
  }) => Promise<boolean>;
  /** Something moved; called often. */
  readonly moved: () => void;
};
