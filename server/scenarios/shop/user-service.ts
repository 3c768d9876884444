import { pick, shortId } from '../random-choice.ts';
import { type ProducerContext } from '../scenario.ts';
import { CUSTOMERS } from './catalogue.ts';

/** The user service: somebody makes an account. */
export async function registerUser(ctx: ProducerContext): Promise<void> {
  const userId = `user-${shortId(ctx)}`;
  const { name } = pick(CUSTOMERS, ctx);
  await ctx.publish('users', {
    source: 'user-service',
    type: 'user.registered',
    subject: userId,
    correlationid: userId,
    data: { userId, name, email: `${userId}@example.com` },
  });
}
