import { type Database } from '#server/storage/database.ts';
import { type Listening, listen, notify } from '#server/storage/notifications.ts';
import { type Clock } from '../clock.ts';
import { type Logger } from '../logger.ts';
import { type Service } from '../service.ts';

const CHANNEL = 'weir_nodes';
/** One notification of a kind tells of everything in this time. */
const SEND_AFTER_MS = 3;
const LISTEN_AGAIN_MS = 1_000;

/**
 * What one process tells the others: who is there (`members`), partitions were given up (`released`), retries were written (`retries`),
 * rows of the control plane changed (`subscriptions`, `topics`, `scenarios`, `operations`).
 */
export type SignalKind =
  | 'members'
  | 'released'
  | 'retries'
  | 'subscriptions'
  | 'topics'
  | 'scenarios'
  | 'operations';

export type NodeSignals = Service & {
  /** Tells the other processes, after what it tells of has been committed. `about` is the id of a subscription, or nothing. */
  send(kind: SignalKind, about?: number): void;
  /** Calls back with what others sent; with null when something of this kind may have been missed. Returns the way to stop. */
  on(kind: SignalKind, listener: (about: number | null) => void): () => void;
};

type NodeSignalsDependencies = {
  readonly database: Pick<Database, 'pool'>;
  readonly nodeId: string;
  readonly clock: Clock;
  readonly logger: Logger;
};

export function createNodeSignals(deps: NodeSignalsDependencies): NodeSignals {
  return new PostgresSignals(deps);
}

/**
 * Hints between processes over NOTIFY on a connection of its own, for what seldom happens. A lost one costs only time: whoever listens
 * looks by itself from time to time as well.
 */
class PostgresSignals implements NodeSignals {
  readonly name = 'node signals';
  readonly #deps: NodeSignalsDependencies;
  readonly #listeners = new Map<string, Set<(about: number | null) => void>>();
  readonly #pending = new Set<string>();
  #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #listening: Listening | null = null;
  #wasListening = false;
  #cancelTelling: (() => void) | null = null;

  constructor(deps: NodeSignalsDependencies) {
    this.#deps = deps;
  }

  send(kind: SignalKind, about?: number): void {
    this.#pending.add(about === undefined ? kind : `${kind} ${about}`);
    this.#cancelTelling ??= this.#deps.clock.after(SEND_AFTER_MS, () => void this.#tell());
  }

  on(kind: SignalKind, listener: (about: number | null) => void): () => void {
    const known = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, known.add(listener));
    return () => known.delete(listener);
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController();
    this.#running = this.#loop();
    await Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#cancelTelling?.();
    await this.#tell();
    this.#listening?.close();
    this.#listening = null;
  }

  async #loop(): Promise<void> {
    const { clock, logger } = this.#deps;
    while (!this.#stopping.signal.aborted) {
      await this.#listen().catch((error: unknown) =>
        logger.debug({ err: error }, 'the other nodes cannot be heard now'),
      );
      await clock.sleep(LISTEN_AGAIN_MS, this.#stopping.signal);
    }
  }

  async #listen(): Promise<void> {
    if (this.#listening !== null) return;
    this.#listening = await listen(this.#deps.database.pool, CHANNEL, {
      message: (payload) => this.#heard(payload),
      lost: () => {
        this.#listening = null;
      },
    });
    if (this.#wasListening) for (const kind of this.#listeners.keys()) this.#ring(kind, null);
    this.#wasListening = true;
  }

  async #tell(): Promise<void> {
    const { database, logger, nodeId } = this.#deps;
    this.#cancelTelling = null;
    const signals = [...this.#pending];
    this.#pending.clear();
    if (signals.length === 0) return;
    await notify(database.pool, CHANNEL, JSON.stringify([nodeId, ...signals])).catch(
      (error: unknown) =>
        logger.debug({ err: error }, 'a signal was not sent; the others find out by themselves'),
    );
  }

  #heard(payload: string): void {
    const [from, ...signals] = parse(payload);
    if (from === this.#deps.nodeId) return;
    for (const signal of signals) {
      const [kind = '', about] = signal.split(' ');
      this.#ring(kind, about === undefined ? null : Number(about));
    }
  }

  #ring(kind: string, about: number | null): void {
    for (const listener of this.#listeners.get(kind) ?? []) listener(about);
  }
}

/** Others of another version may send what is not understood here: that is nothing. */
function parse(payload: string): string[] {
  try {
    const parsed: unknown = JSON.parse(payload);
    return Array.isArray(parsed) ? parsed.filter((part) => typeof part === 'string') : [];
  } catch {
    return [];
  }
}
