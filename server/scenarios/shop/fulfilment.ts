import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';
import { eventData } from '../event-data.ts';
import { between } from '../random-choice.ts';
import { shipment } from './shop-events.ts';

/** Picks, packs and hands over what was booked for shipping. */
export const fulfilment = defineConsumer({
  name: 'fulfilment',
  description: 'Picks and packs each shipment and hands it to the carrier.',
  version: '1.0.0',
  filter: { topics: ['shipments'], types: ['shipment.scheduled'] },
  handle: async (event, ctx) => {
    const data = eventData(shipment, event);
    await ctx.clock.sleep(between(20, 60, ctx));
    ctx.publish('shipments', { type: 'shipment.dispatched', subject: data.order.orderId, data });
  },
});
