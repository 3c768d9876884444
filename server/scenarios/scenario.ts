import { type Fault } from '#contracts/scenario.ts';
import {
  type ConsumerDefinition,
  type OutgoingEvent,
} from '#server/engine/broker/consumer-definition.ts';
import { type Clock, type Random } from '#server/engine/clock.ts';

/** An event with the name of who produces it; `correlationid` begins a flow that every consequence carries on. */
export type ProducedEvent = OutgoingEvent & {
  readonly source: string;
  readonly correlationid?: string;
};

/** What a producer of a scenario may use: exactly what a program outside could do over HTTP. */
export type ProducerContext = {
  publish(topic: string, event: ProducedEvent): Promise<void>;
  /** Stores the event in a stream and in the topic. */
  append(streamId: string, topic: string, event: ProducedEvent): Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  /** How many times `produce` was called before, over all starts of the scenario. */
  readonly sequence: number;
  /** An event id that a fault of this consumer is sure to hit, at any failure rate from one in a hundred. */
  failingId(consumer: string): string;
};

/** A sample system: what happens in it by itself (`produce`), and who reacts to that (`consumers`). */
export type ScenarioDefinition = {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly teaches: readonly string[];
  readonly topics: readonly { readonly name: string; readonly partitions: number }[];
  readonly consumers: readonly ConsumerDefinition[];
  /** How often `produce` is called per second. */
  readonly rate: {
    readonly default: number;
    readonly min: number;
    readonly max: number;
    readonly unit: string;
  };
  /** What goes wrong from the first start on, by consumer. */
  readonly defaultFaults: Readonly<Record<string, Fault>>;
  produce(ctx: ProducerContext): Promise<void>;
};
