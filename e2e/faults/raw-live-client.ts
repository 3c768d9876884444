import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const TEXT_FRAME = 0x81;
const MASKED = 0x80;
const MASK_BYTES = 4;
const SHORT_FRAME_BYTES = 125;
const SAMPLED = '"sampled":true,"dropped":';

/** A live client by hand, over TCP, so that it can stop reading as a stalled machine or network does. */
export class RawLiveClient {
  readonly #socket: Socket;
  #tail = '';
  #wasToldOfDropped = false;
  #isClosed = false;

  /** Subscribes to a topic, and acknowledges nothing. */
  static async subscribe(serverUrl: string, topic: string): Promise<RawLiveClient> {
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
    await hears(socket, '"sid"');
    socket.write(frameOf('40/live,'));
    await hears(socket, '40/live,');
    socket.write(
      frameOf(`42/live,${JSON.stringify(['subscribe', { id: 'raw', query: { topic } }])}`),
    );
    return client;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      const text = this.#tail + chunk.toString('latin1');
      this.#wasToldOfDropped ||= text.includes(SAMPLED);
      this.#tail = text.slice(-SAMPLED.length);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isClosed = true;
    });
  }

  /** A frame said that events were left out of it. */
  get wasToldOfDropped(): boolean {
    return this.#wasToldOfDropped;
  }

  /** The server ended the connection, as far as this side can see. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  stopReading(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Resolves when the text has come, in however many pieces. */
async function hears(socket: Socket, text: string): Promise<void> {
  let heard = '';
  const keep = (chunk: Buffer) => {
    heard += chunk.toString('latin1');
  };
  socket.on('data', keep);
  while (!heard.includes(text)) await once(socket, 'data');
  socket.off('data', keep);
}

function frameOf(text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length > SHORT_FRAME_BYTES) throw new Error('too long for one short frame');
  const mask = randomBytes(MASK_BYTES);
  const masked = payload.map((byte, index) => byte ^ (mask[index % MASK_BYTES] ?? 0));
  return Buffer.concat([Buffer.from([TEXT_FRAME, MASKED | payload.length]), mask, masked]);
}
