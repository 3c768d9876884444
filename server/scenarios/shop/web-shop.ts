import { between, pick, shortId } from '../random-choice.ts';
import { type ProducerContext } from '../scenario.ts';
import { CUSTOMERS, ISSUERS, PRODUCTS } from './catalogue.ts';
import { type Order } from './shop-events.ts';

const MAX_DIFFERENT_ITEMS = 3;
const MAX_QUANTITY = 3;
/** This order of the very first start meets the issuer's trouble, so that a letter is waiting within seconds. */
const UNLUCKY_ORDER = 1;

/** The web shop: somebody fills a basket and orders. Each order begins a flow and a stream of its own. */
export async function placeOrder(ctx: ProducerContext): Promise<void> {
  const order = makeOrder(ctx);
  await ctx.append(order.orderId, 'orders', {
    source: 'web-shop',
    type: 'order.placed',
    subject: order.orderId,
    correlationid: order.orderId,
    data: order,
    ...(ctx.sequence === UNLUCKY_ORDER ? { id: ctx.failingId('payment-service') } : {}),
  });
}

function makeOrder(ctx: ProducerContext): Order {
  const products = new Set(
    Array.from({ length: between(1, MAX_DIFFERENT_ITEMS, ctx) }, () => pick(PRODUCTS, ctx)),
  );
  const items = [...products].map(({ sku, name, priceCents }) => {
    return { sku, name, priceCents, quantity: between(1, MAX_QUANTITY, ctx) };
  });
  return {
    orderId: `order-${shortId(ctx)}`,
    customer: pick(CUSTOMERS, ctx),
    items,
    totalCents: items.reduce((sum, item) => sum + item.quantity * item.priceCents, 0),
    currency: 'EUR',
    payment: {
      method: 'card',
      issuer: pick(ISSUERS, ctx).name,
      last4: String(between(1_000, 9_999, ctx)),
    },
  };
}
