import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';
import { eventData } from '../event-data.ts';
import { between } from '../random-choice.ts';
import { PRODUCTS } from './catalogue.ts';
import { orderStep } from './shop-events.ts';

const MOST_OF_SCARCE_THINGS = 2;

/** Sets aside what was paid for. Nobody gets more than two of a scarce thing. */
export const inventoryService = defineConsumer({
  name: 'inventory-service',
  description: 'Reserves the items of every order that was paid.',
  version: '1.0.0',
  filter: { topics: ['payments'], types: ['payment.processed'] },
  handle: async (event, ctx) => {
    const { order } = eventData(orderStep, event);
    await ctx.clock.sleep(between(5, 15, ctx));
    const missing = order.items.find(
      ({ sku, quantity }) =>
        quantity > MOST_OF_SCARCE_THINGS &&
        PRODUCTS.some((product) => product.sku === sku && product.scarce),
    );
    if (missing === undefined) {
      ctx.publish('stock', { type: 'stock.reserved', subject: order.orderId, data: { order } });
      return;
    }
    const data = { order, reason: `There are not ${missing.quantity} of ${missing.name}.` };
    ctx.publish('stock', { type: 'stock.rejected', subject: order.orderId, data });
  },
});
