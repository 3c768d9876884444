const HEAD_END = '\r\n\r\n';
const SHORT_HEADER_BYTES = 2;
const LENGTH_OF_16_BITS = 126;
const LENGTH_OF_64_BITS = 127;
const LENGTH_BITS = 0x7f;

/** Cuts what a WebSocket server sends, the answer to the handshake first, into the texts of its frames. */
export class WebSocketTexts {
  readonly #onText: (text: string) => void;
  #rest: Buffer = Buffer.alloc(0);
  /** Of the frame that is under way, so that it is put together once, when it is whole. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #neededBytes = 0;
  #hasHead = false;

  constructor(onText: (text: string) => void) {
    this.#onText = onText;
  }

  add(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#partBytes += chunk.length;
    if (this.#partBytes < this.#neededBytes) return;
    this.#rest = Buffer.concat(this.#parts);
    while (this.#hasHead ? this.#takeFrame() : this.#takeHead());
    this.#parts = [this.#rest];
    this.#partBytes = this.#rest.length;
  }

  #takeHead(): boolean {
    const end = this.#rest.indexOf(HEAD_END);
    if (end < 0) return false;
    this.#rest = this.#rest.subarray(end + HEAD_END.length);
    this.#hasHead = true;
    return true;
  }

  #takeFrame(): boolean {
    const size = sizeOf(this.#rest);
    this.#neededBytes = size === null ? 0 : size.header + size.payload;
    if (size === null || this.#rest.length < this.#neededBytes) return false;
    const text = this.#rest.toString('utf8', size.header, this.#neededBytes);
    this.#rest = this.#rest.subarray(this.#neededBytes);
    this.#neededBytes = 0;
    this.#onText(text);
    return true;
  }
}

/** Null while not even the header is there. */
function sizeOf(frame: Buffer): { readonly header: number; readonly payload: number } | null {
  if (frame.length < SHORT_HEADER_BYTES) return null;
  const short = frame.readUInt8(1) & LENGTH_BITS;
  const lengthBytes = { [LENGTH_OF_16_BITS]: 2, [LENGTH_OF_64_BITS]: 8 }[short] ?? 0;
  const header = SHORT_HEADER_BYTES + lengthBytes;
  if (frame.length < header) return null;
  // The upper two of the eight bytes are zero for any length that fits into memory.
  const payload =
    lengthBytes === 0
      ? short
      : frame.readUIntBE(header - Math.min(lengthBytes, 6), Math.min(lengthBytes, 6));
  return { header, payload };
}
