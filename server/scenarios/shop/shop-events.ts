import { z } from 'zod';

/*
 * What is said in the shop. An order travels whole through the chain (event-carried state transfer): no service has to ask
 * another one for what it needs.
 */
export const userRegistered = z.object({
  userId: z.string(),
  name: z.string(),
  email: z.string(),
});

export const orderPlaced = z.object({
  orderId: z.string(),
  customer: z.object({ id: z.string(), name: z.string(), email: z.string(), city: z.string() }),
  items: z.array(
    z.object({
      sku: z.string(),
      name: z.string(),
      quantity: z.number().int().min(1),
      priceCents: z.number().int(),
    }),
  ),
  totalCents: z.number().int(),
  currency: z.literal('EUR'),
  payment: z.object({ method: z.literal('card'), issuer: z.string(), last4: z.string() }),
});
export type Order = z.infer<typeof orderPlaced>;

/** payment.processed, stock.reserved, order.confirmed: how far this order has come. */
export const orderStep = z.object({ order: orderPlaced });
/** payment.failed, stock.rejected, payment.refunded, order.cancelled: why it does not go on. */
export const orderSetback = z.object({ order: orderPlaced, reason: z.string() });
/** shipment.scheduled, shipment.dispatched. */
export const shipment = z.object({
  shipmentId: z.string(),
  carrier: z.string(),
  order: orderPlaced,
});
