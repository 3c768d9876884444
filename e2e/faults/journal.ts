import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { publishReceiptSchema } from '#contracts/event.ts';

const producedSchema = z.object({
  id: z.string(),
  type: z.string(),
  key: z.string(),
  sequence: z.number().int(),
});
export type Produced = z.infer<typeof producedSchema>;

const receivedSchema = z.object({
  deliveryId: z.string(),
  attempt: z.number().int(),
  eventId: z.string(),
  position: z.number().int(),
  partition: z.number().int(),
  key: z.string(),
  sequence: z.number().int(),
  replay: z.string().nullable(),
  redrive: z.string().nullable(),
});
export type Received = z.infer<typeof receivedSchema>;

const polledSchema = z.object({ id: z.string(), position: z.number().int() });
export type Polled = z.infer<typeof polledSchema>;

const deliveryIds = z.array(z.string());
const verdict = z.enum(['ack', 'nack']);

/** What a client did and learnt. `invoke` is on disk before the request leaves, its outcome before the next one does. */
const factSchema = z.discriminatedUnion('step', [
  z.object({
    step: z.literal('publish.invoke'),
    request: z.string(),
    events: z.array(producedSchema),
  }),
  z.object({
    step: z.literal('publish.ok'),
    request: z.string(),
    receipts: z.array(publishReceiptSchema),
  }),
  z.object({ step: z.literal('publish.unknown'), request: z.string(), reason: z.string() }),
  z.object({ step: z.literal('publish.fail'), request: z.string(), reason: z.string() }),
  z.object({ step: z.literal('received'), deliveries: z.array(receivedSchema) }),
  z.object({ step: z.literal('settle.invoke'), verdict, deliveryIds }),
  z.object({
    step: z.literal('settle.ok'),
    verdict,
    acknowledged: deliveryIds,
    expired: deliveryIds,
  }),
  z.object({ step: z.literal('settle.unknown'), verdict, deliveryIds, reason: z.string() }),
  // One read of the log after a position. `isAtEnd`: it claims that there was nothing more.
  z.object({
    step: z.literal('polled'),
    session: z.string(),
    invokedAtMs: z.number(),
    after: z.number().int(),
    isAtEnd: z.boolean(),
    events: z.array(polledSchema),
  }),
]);
export type Fact = z.infer<typeof factSchema>;

export const journalEntrySchema = z.intersection(
  z.object({ client: z.string(), atMs: z.number() }),
  factSchema,
);
export type JournalEntry = z.infer<typeof journalEntrySchema>;

/** One client's own record of what it did, in the order it did it. What `write` has resolved for is on disk. */
export class Journal {
  readonly #client: string;
  readonly #file: FileHandle;
  #pending: string[] = [];
  #flushing: Promise<void> = Promise.resolve();

  static async open(path: string, client: string): Promise<Journal> {
    return new Journal(client, await open(path, 'a'));
  }

  private constructor(client: string, file: FileHandle) {
    this.#client = client;
    this.#file = file;
  }

  write(fact: Fact): Promise<void> {
    const entry: JournalEntry = { client: this.#client, atMs: Date.now(), ...fact };
    this.#pending.push(`${JSON.stringify(entry)}\n`);
    this.#flushing = this.#flushing.then(() => this.#flush());
    return this.#flushing;
  }

  async close(): Promise<void> {
    await this.#flushing;
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    if (this.#pending.length === 0) return;
    const lines = this.#pending.join('');
    this.#pending = [];
    await this.#file.write(lines);
    await this.#file.datasync();
  }
}
