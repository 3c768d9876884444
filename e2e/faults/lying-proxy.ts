import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';

const LIES_EVERY = 50;

const sentSchema = z
  .union([z.object({ id: z.string() }), z.array(z.object({ id: z.string() }))])
  .transform((sent) => [sent].flat());

/** Stands before the server and acknowledges every fiftieth publish without passing it on: what no checker may miss. */
export class LyingProxy {
  readonly liedAbout: string[] = [];
  readonly #target: string;
  readonly #server: Server;
  #requests = 0;

  static async start(target: string): Promise<LyingProxy> {
    const proxy = new LyingProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  get url(): string {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('It does not listen.');
    return `http://127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    this.#requests += 1;
    if (this.#requests % LIES_EVERY === 0) {
      const ids = sentSchema.parse(JSON.parse(body.toString('utf8'))).map(({ id }) => id);
      this.liedAbout.push(...ids);
      const place = { topic: 'load', partition: 0, offset: 0, position: 1, duplicate: false };
      reply(response, 201, JSON.stringify({ events: ids.map((id) => ({ id, ...place })) }));
      return;
    }
    const answer = await fetch(`${this.#target}${request.url ?? '/'}`, {
      method: request.method ?? 'POST',
      headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
      body,
    });
    reply(response, answer.status, await answer.text());
  }
}

function reply(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body);
}
