import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';
import { eventData } from '../event-data.ts';
import { between } from '../random-choice.ts';
import { ISSUERS } from './catalogue.ts';
import { orderPlaced, orderSetback } from './shop-events.ts';

/**
 * Takes the money when an order is placed, and gives it back when the stock cannot serve it. A card beyond its limit is an
 * answer, not an error: it is published and never retried. An issuer that cannot be reached is an error: it is retried
 * after 1 s, 2 s and 4 s, then the order waits as a dead letter for a person.
 */
export const paymentService = defineConsumer({
  name: 'payment-service',
  description: 'Charges the card of every order, and refunds it when there is no stock.',
  version: '1.0.0',
  filter: { topics: ['orders', 'stock'], types: ['order.placed', 'stock.rejected'] },
  handle: async (event, ctx) => {
    await ctx.clock.sleep(between(15, 45, ctx));
    if (event.type === 'stock.rejected') {
      const { order, reason } = eventData(orderSetback, event);
      const data = { order, reason };
      ctx.publish('payments', { type: 'payment.refunded', subject: order.orderId, data });
      return;
    }
    const order = eventData(orderPlaced, event);
    const issuer = ISSUERS.find(({ name }) => name === order.payment.issuer);
    if (issuer === undefined || order.totalCents > issuer.limitCents) {
      const data = { order, reason: 'The card does not cover the total.' };
      ctx.publish('payments', { type: 'payment.failed', subject: order.orderId, data });
      return;
    }
    ctx.publish('payments', {
      type: 'payment.processed',
      subject: order.orderId,
      data: { order },
    });
  },
});
