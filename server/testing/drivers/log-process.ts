import { randomUUID } from 'node:crypto';
import { type PublishReceipt, type StoredEvent } from '#contracts/event.ts';
import { isEngineError } from '#server/engine/errors.ts';
import { toStoredEvent } from '#server/engine/log/event-record.ts';
import { createTestBroker } from '../test-broker.ts';
import { connectAgain, type TestDatabase } from '../test-database.ts';
import { toNewEvent } from './driver-event.ts';
import { type DriverEvent } from './log-driver.ts';

export type SendOutcome =
  | {
      readonly kind: 'ok';
      readonly receipts: PublishReceipt[];
      /** Whether the process shows what it has just said is stored. */
      readonly isShown: boolean;
    }
  | { readonly kind: 'fail' | 'unknown'; readonly reason: string };

/** Weir's log in a process of its own, for clients that send and poll and are told what a client over HTTP is told. */
export type LogProcess = {
  send(topic: string, events: readonly DriverEvent[]): Promise<SendOutcome>;
  /** Undefined when it could not be asked. */
  poll(after: number, limit: number): Promise<readonly StoredEvent[] | undefined>;
  close(): Promise<void>;
};

export async function openLogProcess(
  kit: TestDatabase,
  topics: readonly string[],
): Promise<LogProcess> {
  const nodeId = `process-${randomUUID()}`;
  const process = await createTestBroker({ database: connectAgain(kit), nodeId });
  // A broker gives the process its heartbeat; only then do the others tell it what they have committed.
  await process.open(nodeId);
  for (const topic of topics) await process.topics.ensure(topic);
  const { log } = process;
  return {
    send: async (topic, events) => {
      try {
        const receipts = await log.append({ topic, events: events.map(toNewEvent) });
        const last = receipts.at(-1)?.position ?? 0;
        return { kind: 'ok', receipts, isShown: log.tailPosition() >= last };
      } catch (error) {
        const kind = isEngineError(error, 'invalid-request') ? 'fail' : 'unknown';
        return { kind, reason: String(error) };
      }
    },
    poll: async (after, limit) => {
      const records = await log.readAfter(after, limit).catch(() => undefined);
      return records?.map(toStoredEvent);
    },
    close: () => process.drop(),
  };
}
