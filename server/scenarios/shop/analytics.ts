import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';

/** Sees all that happens in the shop, whatever its type. At most once is enough: a missing count harms nobody. */
export const analytics = defineConsumer({
  name: 'analytics',
  description: 'Counts everything that happens in the shop.',
  version: '1.0.0',
  filter: {
    topics: ['users', 'orders', 'payments', 'stock', 'shipments', 'notifications'],
    types: ['*'],
  },
  guarantee: 'at-most-once',
  handle: async (_event, ctx) => {
    await ctx.clock.sleep(1);
  },
});
