import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';
import { eventData } from '../event-data.ts';
import { between, pick, shortId } from '../random-choice.ts';
import { orderStep } from './shop-events.ts';

/** Books a carrier once an order is paid and its items are reserved. */
export const shippingService = defineConsumer({
  name: 'shipping-service',
  description: 'Books a carrier for orders that are paid and reserved.',
  version: '1.0.0',
  filter: { topics: ['stock'], types: ['stock.reserved'] },
  handle: async (event, ctx) => {
    const { order } = eventData(orderStep, event);
    await ctx.clock.sleep(between(10, 25, ctx));
    ctx.publish('shipments', {
      type: 'shipment.scheduled',
      subject: order.orderId,
      data: {
        shipmentId: `shipment-${shortId(ctx)}`,
        carrier: pick(['Swift Parcel', 'Green Mile', 'Coastline'], ctx),
        order,
      },
    });
  },
});
