import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';
import { eventData } from '../event-data.ts';
import { orderStep } from './shop-events.ts';

const CENTS_PER_POINT = 1_000;

/** A point for every ten euros of a confirmed order. */
export const loyalty = defineConsumer({
  name: 'loyalty',
  description: 'Credits a point for every ten euros of a confirmed order.',
  version: '1.0.0',
  filter: { topics: ['orders'], types: ['order.confirmed'] },
  handle: (event, ctx) => {
    const { order } = eventData(orderStep, event);
    const points = Math.floor(order.totalCents / CENTS_PER_POINT);
    if (points === 0) return;
    const data = { userId: order.customer.id, points, orderId: order.orderId };
    ctx.publish('users', { type: 'points.credited', subject: order.customer.id, data });
  },
});
