import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';
import { eventData } from '../event-data.ts';
import { orderSetback, shipment } from './shop-events.ts';

/**
 * Says how an order ended: confirmed once its shipment is booked, cancelled when it was not paid or was refunded. What becomes of
 * an order is kept in its own stream, which the web shop began.
 */
export const orderService = defineConsumer({
  name: 'order-service',
  description: 'Confirms an order when its shipment is booked, cancels it when the payment fails.',
  version: '1.0.0',
  filter: {
    topics: ['shipments', 'payments'],
    types: ['shipment.scheduled', 'payment.failed', 'payment.refunded'],
  },
  handle: (event, ctx) => {
    if (event.type === 'shipment.scheduled') {
      const { order } = eventData(shipment, event);
      const ending = { type: 'order.confirmed', subject: order.orderId, data: { order } };
      ctx.append(order.orderId, ending, 'orders');
      return;
    }
    const { order, reason } = eventData(orderSetback, event);
    const ending = { type: 'order.cancelled', subject: order.orderId, data: { order, reason } };
    ctx.append(order.orderId, ending, 'orders');
  },
});
