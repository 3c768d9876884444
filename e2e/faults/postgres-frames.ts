const LENGTH_BYTES = 4;
const TYPE_BYTES = 1;

export type Frame = {
  /** The letter of the message; empty for the first ones of a connection, which have none. */
  readonly type: string;
  readonly body: Buffer;
};

/** Cuts one direction of a Postgres connection into its messages (protocol 3), however the bytes arrive. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  #rest: Buffer = Buffer.alloc(0);
  /** A client's first message has no type. */
  #isTyped: boolean;

  constructor(side: 'client' | 'server', onFrame: (frame: Frame) => void) {
    this.#isTyped = side === 'server';
    this.#onFrame = onFrame;
  }

  read(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const head = this.#isTyped ? TYPE_BYTES : 0;
      if (this.#rest.length < head + LENGTH_BYTES) return;
      const end = head + this.#rest.readInt32BE(head);
      if (this.#rest.length < end) return;
      const type = this.#rest.toString('latin1', 0, head);
      const body = this.#rest.subarray(head + LENGTH_BYTES, end);
      this.#rest = this.#rest.subarray(end);
      this.#isTyped = true;
      this.#onFrame({ type, body });
    }
  }
}

/** What the client asks for: the text of a query that is sent or prepared, or the name of the prepared statement it binds. */
export function statementOf({ type, body }: Frame): string | undefined {
  if (type === 'Q') return textAt(body, 0);
  // Parse: the statement's name, then its text. Bind: the portal's name, then the statement's.
  if (type === 'P' || type === 'B') return textAt(body, body.indexOf(0) + 1);
  return undefined;
}

function textAt(body: Buffer, start: number): string {
  return body.toString('utf8', start, body.indexOf(0, start));
}
