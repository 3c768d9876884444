import { once } from 'node:events';
import { z } from 'zod';

const ANSWER_WITHIN_MS = 30_000;
/** What one collection frees lets the next free more: buffers go with the objects that held them. */
const COLLECTIONS = 3;

const answerSchema = z.object({
  id: z.number(),
  error: z.unknown().optional(),
  result: z.object({ result: z.object({ value: z.string() }).optional() }).optional(),
});
const memorySchema = z.object({ rss: z.number(), heapUsed: z.number(), external: z.number() });

export type Memory = {
  /** What is in use after a collection: objects and the buffers they hold. */
  readonly usedBytes: number;
  readonly rssBytes: number;
};

/** Measures the memory of a server that was started with `hasInspector`. */
export class HeapProbe {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<string | undefined>>();
  #lastId = 0;

  static async connect(inspectorUrl: string): Promise<HeapProbe> {
    const socket = new WebSocket(inspectorUrl);
    await once(socket, 'open', { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return new HeapProbe(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#onAnswer(String(data)));
  }

  /** What it uses once everything that nothing holds is gone. */
  async measure(): Promise<Memory> {
    for (let i = 0; i < COLLECTIONS; i += 1) await this.#ask('HeapProfiler.collectGarbage');
    const { heapUsed, external, rss } = await this.read();
    return { usedBytes: heapUsed + external, rssBytes: rss };
  }

  /** As it is, garbage included. */
  async read(): Promise<z.infer<typeof memorySchema>> {
    const text = await this.#ask('Runtime.evaluate', {
      expression: 'JSON.stringify(process.memoryUsage())',
    });
    return memorySchema.parse(JSON.parse(text ?? ''));
  }

  close(): void {
    this.#socket.close();
  }

  async #ask(method: string, params: Readonly<Record<string, unknown>> = {}) {
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = Promise.withResolvers<string | undefined>();
    this.#waiting.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const late = setTimeout(
      () => answer.reject(new Error(`${method} was not answered.`)),
      ANSWER_WITHIN_MS,
    );
    return answer.promise.finally(() => {
      clearTimeout(late);
      this.#waiting.delete(id);
    });
  }

  #onAnswer(text: string): void {
    const answer = answerSchema.safeParse(JSON.parse(text));
    if (!answer.success) return;
    const { id, error, result } = answer.data;
    if (error === undefined) this.#waiting.get(id)?.resolve(result?.result?.value);
    else this.#waiting.get(id)?.reject(new Error(JSON.stringify(error)));
  }
}
