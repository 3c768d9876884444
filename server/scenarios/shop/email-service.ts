import { type StoredEvent } from '#contracts/event.ts';
import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';
import { eventData } from '../event-data.ts';
import { between } from '../random-choice.ts';
import { orderSetback, orderStep, userRegistered } from './shop-events.ts';

/** Writes to people: welcome, your order is confirmed, your order was cancelled. */
export const emailService = defineConsumer({
  name: 'email-service',
  description: 'Mails customers when they register, and when an order is confirmed or cancelled.',
  version: '1.0.0',
  filter: {
    topics: ['users', 'orders'],
    types: ['user.registered', 'order.confirmed', 'order.cancelled'],
  },
  handle: async (event, ctx) => {
    const mail = compose(event);
    await ctx.clock.sleep(between(20, 60, ctx));
    ctx.publish('notifications', { type: 'email.sent', subject: mail.to, data: mail });
  },
});

function compose(event: StoredEvent): { to: string; title: string } {
  if (event.type === 'user.registered') {
    const { email, name } = eventData(userRegistered, event);
    return { to: email, title: `Welcome, ${name}` };
  }
  if (event.type === 'order.confirmed') {
    const { order } = eventData(orderStep, event);
    return { to: order.customer.email, title: `Your order ${order.orderId} is on its way` };
  }
  const { order, reason } = eventData(orderSetback, event);
  return {
    to: order.customer.email,
    title: `Your order ${order.orderId} was cancelled: ${reason}`,
  };
}
