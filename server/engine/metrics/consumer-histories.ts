import { type ConsumerHistory } from '#contracts/subscription.ts';
import { type NewConsumerSample } from '#server/storage/consumer-sample-rows.ts';
import { type BrokerStore } from '../broker/broker-store.ts';
import { type Clock } from '../clock.ts';
import { type ConsumerMeter } from './consumer-meter.ts';
import { MINUTES_KEPT, SECONDS_KEPT } from './consumer-sampler.ts';

const MAX_SAMPLES = 2_000;
const WANTED_SAMPLES = 300;
/** The trend of the lag is taken over this many seconds. */
const TREND_SECONDS = 10;

type SampledConsumer = {
  readonly row: { readonly id: number };
  readonly meter: ConsumerMeter;
  readonly runner: {
    readonly intake: {
      readonly partitions: ReadonlyMap<
        number,
        {
          readonly topicId: number;
          readonly partition: number;
          readonly progress: { readonly watermark: number };
        }
      >;
    };
  } | null;
};

/** What consumers did over time: takes the samples of each second, and reads them back at any step. */
export class ConsumerHistories {
  readonly #store: BrokerStore;
  readonly #clock: Clock;
  readonly #lags = new Map<number, number[]>();
  readonly #committed = new Map<number, number>();
  #isAlone = true;

  constructor(deps: { readonly store: BrokerStore; readonly clock: Clock }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
  }

  /** Samples of those that did something or moved. */
  take(
    consumers: readonly SampledConsumer[],
    head: (topicId: number, partition: number) => number,
    isAlone: boolean,
  ): NewConsumerSample[] {
    this.#isAlone = isAlone;
    return consumers.flatMap((consumer) => {
      const { id } = consumer.row;
      if (consumer.runner === null) return [];
      let lag = 0;
      let committed = 0;
      for (const { topicId, partition, progress } of consumer.runner.intake.partitions.values()) {
        lag += Math.max(0, head(topicId, partition) - progress.watermark);
        committed += progress.watermark;
      }
      const second = consumer.meter.take();
      const before = this.#note(id, lag, committed);
      const isQuiet =
        second.handled + second.failed === 0 &&
        before.lag === lag &&
        before.committed === committed &&
        // Others add theirs to it: a lag that stands still must not be missing from the sum.
        (isAlone || lag === 0);
      return isQuiet ? [] : [{ subscriptionId: id, ...second, lag, committed }];
    });
  }

  /** Time until the lag is gone if it goes on shrinking as it does; null when it does not shrink. */
  clearsInMs(consumer: SampledConsumer, lag: number): number | null {
    if (lag === 0) return 0;
    // What is known here is the lag of this process's own partitions.
    if (!this.#isAlone) return null;
    const lags = this.#lags.get(consumer.row.id) ?? [];
    const [first] = lags;
    if (first === undefined || lags.length < 2) return null;
    const perSecond = (first - lag) / lags.length;
    return perSecond <= 0 ? null : Math.round((lag / perSecond) * 1_000);
  }

  async read(
    subscriptionId: number,
    query: { readonly after: string; readonly before: string; readonly stepMs?: number },
  ): Promise<ConsumerHistory> {
    const spanMs = Math.max(1_000, Date.parse(query.before) - Date.parse(query.after));
    const resolution = this.#resolutionOf(query.after, query.stepMs ?? spanMs / WANTED_SAMPLES);
    const wanted = query.stepMs ?? spanMs / WANTED_SAMPLES;
    const least = Math.max(resolution * 1_000, spanMs / MAX_SAMPLES);
    const stepMs = Math.ceil(Math.max(wanted, least) / (resolution * 1_000)) * resolution * 1_000;
    const rows = await this.#store.selectConsumerSamples(subscriptionId, {
      after: query.after,
      before: query.before,
      stepMs,
      resolution,
      limit: MAX_SAMPLES + 1,
    });
    return { stepMs, samples: rows };
  }

  /** The coarsest that is fine enough, of those that reach back far enough. */
  #resolutionOf(after: string, stepMs: number): number {
    const ageSeconds = (this.#clock.now() - Date.parse(after)) / 1_000;
    if (ageSeconds > MINUTES_KEPT || stepMs >= 24 * 3_600_000) return 3_600;
    if (ageSeconds > SECONDS_KEPT || stepMs >= 600_000) return 60;
    return 1;
  }

  #note(id: number, lag: number, committed: number): { lag?: number; committed?: number } {
    const lags = this.#lags.get(id) ?? [];
    const lastLag = lags.at(-1);
    const lastCommitted = this.#committed.get(id);
    lags.push(lag);
    if (lags.length > TREND_SECONDS) lags.shift();
    this.#lags.set(id, lags);
    this.#committed.set(id, committed);
    return {
      ...(lastLag === undefined ? {} : { lag: lastLag }),
      ...(lastCommitted === undefined ? {} : { committed: lastCommitted }),
    };
  }
}
