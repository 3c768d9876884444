/** What every system is given to store: about 300 bytes as JSON, told apart by `n` alone. */
export type BenchData = {
  readonly n: number;
  readonly orderId: string;
  readonly total: number;
  readonly note: string;
};

export type Consumer = {
  /** Handled or delivered, but not yet recorded as such where a crash of the process would find it. */
  unsettled(): Promise<number>;
  stop(): Promise<void>;
};

/** A system on an empty database of its own. What it cannot do by its public API is absent. */
export type OpenSystem = {
  /** Resolves when the event is durable. `writer` tells closed-loop callers apart. */
  readonly append?: (data: BenchData, writer: number) => Promise<void>;
  /** One call, durable as a whole. */
  readonly appendMany?: (data: readonly BenchData[], caller: number) => Promise<void>;
  /** All events go to one stream, in one call. */
  readonly appendToStream?: (stream: string, data: readonly BenchData[]) => Promise<void>;
  /** The numbers of a whole stream, in its order. */
  readonly readStream?: (stream: string) => Promise<readonly number[]>;
  /** Optimistic append of one event: true when it was stored, false when somebody else was first. */
  readonly contend?: (stream: string, data: BenchData) => Promise<boolean>;
  /** Everything that is stored, in order, page by page. */
  readonly readAll?: (onNumber: (n: number) => void) => Promise<void>;
  /** Delivers everything from the beginning and what comes; durable progress, at least once. */
  readonly consume?: (onNumber: (n: number) => void) => Promise<Consumer>;
  /** Drops what writing left in the memory of this process: a backlog is read by another process than wrote it. */
  readonly forget?: () => Promise<void>;
  /** The number of every stored event, repetitions included, by SQL on the tables themselves. */
  readonly storedNumbers: () => Promise<readonly number[]>;
  readonly close: () => Promise<void>;
};

export type System = {
  readonly version: string;
  /** Which calls and settings are measured, in one sentence. */
  readonly usage: string;
  /** `connections` bounds the pool of those systems that let one choose. */
  readonly open: (url: string, connections: number) => Promise<OpenSystem>;
};

const NOTE_LENGTH = 230;
const NOTES = 997;

export const benchData = (n: number): BenchData => ({
  n,
  orderId: `ord_${n % NOTES}`,
  total: 149.9,
  note: (n % NOTES).toString(36).padStart(NOTE_LENGTH, 'weir-'),
});

/** The number of an event as a system hands it back: an object, or its JSON text. */
export function numberOf(data: unknown): number {
  const value: unknown = typeof data === 'string' ? JSON.parse(data) : data;
  if (typeof value === 'object' && value !== null && 'n' in value) return Number(value.n);
  throw new Error('An event came back without its number');
}
