import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';
import { eventData } from '../event-data.ts';
import { shipment } from './shop-events.ts';

/** Tells customers on their telephones that the parcel has left. */
export const notificationService = defineConsumer({
  name: 'notification-service',
  description: 'Pushes a note to the customer when the parcel has left.',
  version: '1.0.0',
  filter: { topics: ['shipments'], types: ['shipment.dispatched'] },
  handle: async (event, ctx) => {
    const { order, carrier } = eventData(shipment, event);
    await ctx.clock.sleep(8);
    ctx.publish('notifications', {
      type: 'push.sent',
      subject: order.customer.id,
      data: { to: order.customer.id, text: `${order.orderId} left with ${carrier}.` },
    });
  },
});
