import { type ScenarioDefinition } from '../scenario.ts';
import { analytics } from './analytics.ts';
import { customerService } from './customer-service.ts';
import { emailService } from './email-service.ts';
import { fulfilment } from './fulfilment.ts';
import { inventoryService } from './inventory-service.ts';
import { loyalty } from './loyalty.ts';
import { notificationService } from './notification-service.ts';
import { orderService } from './order-service.ts';
import { paymentService } from './payment-service.ts';
import { shippingService } from './shipping-service.ts';
import { tracking } from './tracking.ts';
import { registerUser } from './user-service.ts';
import { placeOrder } from './web-shop.ts';

/** Every so many orders somebody makes an account. */
const ORDERS_PER_REGISTRATION = 5;

/**
 * A shop of services that know each other by events alone:
 *
 *   order.placed → payment.processed → stock.reserved → shipment.scheduled → order.confirmed → mail, points
 *                                                                          → shipment.dispatched → push
 *   order.placed → payment.failed ─────────────────────────────────────────▶ order.cancelled → mail, case
 *                  payment.processed → stock.rejected → payment.refunded ──▶ order.cancelled
 */
export const shop: ScenarioDefinition = {
  name: 'shop',
  title: 'Shop',
  description:
    'Orders go through payment, stock, shipping and mail; one card issuer is down now and then.',
  teaches: [
    'A chain of services that know only events, followed by one correlation id',
    'Retries after 1, 2 and 4 seconds, then a dead letter; repair the consumer and retry it',
    'One consumer that fails holds nobody else up',
    'A refusal is an event, not an error: payment.failed ends in order.cancelled and a mail',
  ],
  topics: [
    { name: 'users', partitions: 2 },
    { name: 'orders', partitions: 4 },
    { name: 'payments', partitions: 4 },
    { name: 'stock', partitions: 4 },
    { name: 'shipments', partitions: 4 },
    { name: 'notifications', partitions: 2 },
  ],
  consumers: [
    paymentService,
    inventoryService,
    shippingService,
    orderService,
    fulfilment,
    emailService,
    notificationService,
    tracking,
    loyalty,
    customerService,
    analytics,
  ],
  rate: { default: 4, min: 1, max: 200, unit: 'orders/s' },
  defaultFaults: {
    'payment-service': {
      failureRate: 0.03,
      latencyMs: 0,
      errorClass: 'IssuerUnavailable',
      crashRate: 0,
      duplicateRate: 0,
    },
  },
  produce: async (ctx) => {
    if (ctx.sequence % ORDERS_PER_REGISTRATION === 0) await registerUser(ctx);
    await placeOrder(ctx);
  },
};
