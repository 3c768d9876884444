import { type NewConsumerSample } from '#server/storage/consumer-sample-rows.ts';
import { type BrokerStore } from '../broker/broker-store.ts';
import { type Clock } from '../clock.ts';
import { type Logger } from '../logger.ts';
import { type Service } from '../service.ts';

const SECOND_MS = 1_000;
const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3_600;
/** Samples of a second are kept for hours, of a minute for a month; of an hour for as long as the subscription lives. */
export const SECONDS_KEPT = 6 * HOUR_SECONDS;
export const MINUTES_KEPT = 31 * 24 * HOUR_SECONDS;

type ConsumerSamplerDependencies = {
  readonly store: BrokerStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What every consumer did since the call before. Those that did nothing and stand where they stood are left out. */
  readonly take: () => readonly NewConsumerSample[];
};

/** Writes one sample per consumer and second, and rolls them up. A second that cannot be written is lost, not kept. */
export function createConsumerSampler(deps: ConsumerSamplerDependencies): Service {
  const { store, clock, logger } = deps;
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let seconds = 0;

  const rollUp = async (): Promise<void> => {
    await store.rollUpConsumerSamples({
      from: 1,
      to: MINUTE_SECONDS,
      lookBackSeconds: SECONDS_KEPT,
    });
    if (seconds % HOUR_SECONDS > MINUTE_SECONDS) return;
    await store.rollUpConsumerSamples({
      from: MINUTE_SECONDS,
      to: HOUR_SECONDS,
      lookBackSeconds: MINUTES_KEPT,
    });
    await store.deleteOldConsumerSamples(1, SECONDS_KEPT);
    await store.deleteOldConsumerSamples(MINUTE_SECONDS, MINUTES_KEPT);
  };

  const loop = async (): Promise<void> => {
    for (;;) {
      // On the second, so that samples of all consumers and of the traffic lie side by side.
      await clock.sleep(SECOND_MS - (clock.now() % SECOND_MS), stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        const at = new Date(clock.now() - SECOND_MS / 2).toISOString();
        await store.insertConsumerSamples(at, deps.take());
        if (seconds % MINUTE_SECONDS === 0) await rollUp();
      } catch (error) {
        logger.warn({ err: error }, 'a second of consumer samples was not written');
      }
      seconds += 1;
    }
  };

  return {
    name: 'consumer sampler',
    start: async () => {
      running = loop();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
