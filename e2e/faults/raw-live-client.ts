import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { z } from 'zod';
import { type LiveSubscribe } from '#contracts/live-feed.ts';
import { WebSocketTexts } from './web-socket-texts.ts';

const TEXT_FRAME = 0x81;
const MASKED = 0x80;
const MASK_BYTES = 4;
const SHORT_FRAME_BYTES = 125;
const OPEN = '0';
const CONNECT = '40/live,';
const EVENT = '42/live,';
const PING = '2';
const PONG = '3';

const packetSchema = z.tuple([z.string(), z.unknown()]);
const frameSchema = z.object({
  items: z.array(z.object({ position: z.number() })),
  position: z.number(),
  sampled: z.boolean().optional(),
  dropped: z.number().optional(),
});

export type ReceivedFrame = {
  readonly positions: readonly number[];
  readonly position: number;
  readonly isSampled: boolean;
  readonly dropped: number;
};

/** A live client by hand, over TCP, so that it can stop reading as a stalled machine or network does. It acknowledges nothing. */
export class RawLiveClient {
  readonly frames: ReceivedFrame[] = [];
  readonly #socket: Socket;
  readonly #texts = new WebSocketTexts((text) => this.#onText(text));
  #isOpen = false;
  #isInNamespace = false;
  #isClosed = false;

  static async connect(serverUrl: string): Promise<RawLiveClient> {
    const { hostname, port, host } = new URL(serverUrl);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const client = new RawLiveClient(socket);
    socket.write(
      [
        'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
        `Host: ${host}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
        '\r\n',
      ].join('\r\n'),
    );
    while (!client.#isOpen) await once(socket, 'data');
    client.#send(CONNECT);
    while (!client.#isInNamespace) await once(socket, 'data');
    return client;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#texts.add(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isClosed = true;
    });
  }

  /** The server ended the connection, as far as this side can see. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  subscribe(request: LiveSubscribe): void {
    this.#send(`${EVENT}${JSON.stringify(['subscribe', request])}`);
  }

  stopReading(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  /** One piece of what has come, then no more. */
  async readALittle(): Promise<void> {
    this.readOn();
    await once(this.#socket, 'data');
    this.stopReading();
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(text: string): void {
    this.#socket.write(frameOf(text));
  }

  #onText(text: string): void {
    if (text.startsWith(OPEN)) this.#isOpen = true;
    if (text === PING) this.#send(PONG);
    if (text.startsWith(CONNECT)) this.#isInNamespace = true;
    if (!text.startsWith(EVENT)) return;
    const [name, body] = packetSchema.parse(JSON.parse(text.slice(EVENT.length)));
    if (name !== 'events') return;
    const frame = frameSchema.parse(body);
    this.frames.push({
      positions: frame.items.map(({ position }) => position),
      position: frame.position,
      isSampled: frame.sampled === true,
      dropped: frame.dropped ?? 0,
    });
  }
}

function frameOf(text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length > SHORT_FRAME_BYTES) throw new Error('too long for one short frame');
  const mask = randomBytes(MASK_BYTES);
  const masked = payload.map((byte, index) => byte ^ (mask[index % MASK_BYTES] ?? 0));
  return Buffer.concat([Buffer.from([TEXT_FRAME, MASKED | payload.length]), mask, masked]);
}
