import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';
import { eventData } from '../event-data.ts';
import { shipment } from './shop-events.ts';

/** Watches parcels on their way. */
export const tracking = defineConsumer({
  name: 'tracking',
  description: 'Opens a tracking page for each parcel that left.',
  version: '1.0.0',
  filter: { topics: ['shipments'], types: ['shipment.dispatched'] },
  handle: async (event, ctx) => {
    const { shipmentId, carrier } = eventData(shipment, event);
    await ctx.clock.sleep(5);
    ctx.log.debug({ shipmentId, carrier }, 'tracking');
  },
});
