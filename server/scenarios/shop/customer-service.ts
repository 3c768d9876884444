import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';
import { eventData } from '../event-data.ts';
import { orderSetback } from './shop-events.ts';

/** Opens a case for a person to call when an order was cancelled. */
export const customerService = defineConsumer({
  name: 'customer-service',
  description: 'Opens a case for every cancelled order.',
  version: '1.0.0',
  filter: { topics: ['orders'], types: ['order.cancelled'] },
  handle: async (event, ctx) => {
    const { order, reason } = eventData(orderSetback, event);
    await ctx.clock.sleep(10);
    ctx.publish('notifications', {
      type: 'case.opened',
      subject: order.orderId,
      data: { orderId: order.orderId, customer: order.customer.name, reason },
    });
  },
});
