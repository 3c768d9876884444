import {
  type ConsumerDefinition,
  defineConsumer,
} from '#server/engine/broker/consumer-definition.ts';

/** A consumer of registrations whose work takes this long; what it publishes says how long after the registration it was done. */
export function fanOutConsumer(consumer: {
  readonly name: string;
  readonly description: string;
  readonly done: string;
  readonly workMs: number;
}): ConsumerDefinition {
  return defineConsumer({
    name: consumer.name,
    description: consumer.description,
    version: '1.0.0',
    filter: { topics: ['registrations'], types: ['user.registered'] },
    handle: async (event, ctx) => {
      await ctx.clock.sleep(consumer.workMs);
      const afterMs = ctx.clock.now().getTime() - Date.parse(event.recordedAt);
      ctx.publish('reactions', {
        type: consumer.done,
        subject: event.subject ?? event.id,
        data: { workMs: consumer.workMs, afterMs },
      });
    },
  });
}
