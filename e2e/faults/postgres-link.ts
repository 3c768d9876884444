import { type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Frame, FrameReader, statementOf } from './postgres-frames.ts';

const IDLE = 'I';
const BACKEND_KEY = 'K';

export type Toxic = {
  /** Each chunk waits this long, in both directions; the order is kept. */
  readonly delayMs?: () => number;
  /** Bytes go on in pieces of this size. */
  readonly sliceBytes?: () => number;
};

export type LinkOptions = {
  readonly server: Socket;
  readonly client: Socket;
  readonly toxic: () => Toxic;
  /** The statement is on its way to Postgres: whether its answer is to be lost. */
  readonly losesReplyTo: (statement: string) => boolean;
  readonly onReplyLost: () => void;
  /** What the statement waits for before it goes on to Postgres, and what comes after it with it. */
  readonly heldUntil: (statement: string) => Promise<void> | undefined;
  /** The process of Postgres at the other end is known. */
  readonly onBackend: (pid: number) => void;
};

/** One connection of a client to Postgres, byte for byte, with what spoils it in between. */
export class PostgresLink {
  readonly #options: LinkOptions;
  readonly #ends: readonly [Socket, Socket];
  #isForgotten = false;
  /** What Postgres said to a statement whose answer is to be lost; undefined while none is. */
  #held: Buffer[] | undefined;
  #hasFailed = false;
  #isDone = false;
  #heldUntil: Promise<void> | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#ends = [options.client, options.server];
    const [client, server] = this.#ends;
    const asked = new FrameReader('client', (frame) => this.#onAsked(frame));
    const said = new FrameReader('server', (frame) => this.#onSaid(frame));
    this.#pipe(client, server, (bytes) => {
      asked.read(bytes);
      return bytes;
    });
    this.#pipe(server, client, (bytes) => {
      this.#held?.push(bytes);
      const isHeld = this.#held !== undefined;
      said.read(bytes);
      return isHeld ? this.#release() : bytes;
    });
    for (const end of this.#ends) {
      end.on('error', () => this.cut());
      end.on('close', () => this.cut());
    }
  }

  cut(): void {
    for (const end of this.#ends) end.destroy();
  }

  /** Nothing passes any more, and neither side is told. */
  set isSilent(isSilent: boolean) {
    for (const end of this.#ends) {
      if (isSilent || this.#isForgotten) end.pause();
      else end.resume();
    }
  }

  /** Silent for good. */
  forget(): void {
    this.#isForgotten = true;
    this.isSilent = true;
  }

  #pipe(from: Socket, to: Socket, pass: (bytes: Buffer) => Buffer | undefined): void {
    let sending: Promise<void> = Promise.resolve();
    from.on('data', (bytes) => {
      const passed = pass(bytes);
      if (passed === undefined) return;
      const { delayMs, sliceBytes } = this.#options.toxic();
      const readyAtMs = performance.now() + (delayMs?.() ?? 0);
      const heldUntil = to === this.#options.server ? this.#heldUntil : undefined;
      sending = sending
        .then(() => heldUntil)
        .then(() => this.#send(to, passed, { readyAtMs, sliceBytes }));
    });
  }

  async #send(
    to: Socket,
    bytes: Buffer,
    how: { readonly readyAtMs: number; readonly sliceBytes: Toxic['sliceBytes'] },
  ): Promise<void> {
    const waitMs = how.readyAtMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    for (let at = 0; at < bytes.length && !to.destroyed; ) {
      const size = how.sliceBytes?.() ?? bytes.length;
      to.write(bytes.subarray(at, at + size));
      at += size;
      if (how.sliceBytes !== undefined) await new Promise(setImmediate);
    }
  }

  #onAsked(frame: Frame): void {
    const statement = statementOf(frame);
    if (statement === undefined) return;
    this.#heldUntil = this.#options.heldUntil(statement) ?? this.#heldUntil;
    if (!this.#options.losesReplyTo(statement)) return;
    this.#held = [];
    this.#hasFailed = false;
    this.#isDone = false;
  }

  #onSaid({ type, body }: Frame): void {
    if (type === BACKEND_KEY) this.#options.onBackend(body.readInt32BE(0));
    if (this.#held === undefined) return;
    if (type === 'E') this.#hasFailed = true;
    if (type !== 'Z') return;
    // Ready for the next query and in no transaction: what was asked is committed, unless it failed.
    this.#hasFailed ||= body.toString('latin1', 0, 1) !== IDLE;
    this.#isDone = true;
  }

  /** The held bytes when there was nothing to lose after all. */
  #release(): Buffer | undefined {
    if (!this.#isDone || this.#held === undefined) return undefined;
    const bytes = Buffer.concat(this.#held);
    this.#held = undefined;
    if (this.#hasFailed) return bytes;
    this.cut();
    this.#options.onReplyLost();
    return undefined;
  }
}
