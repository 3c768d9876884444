import { z } from 'zod';
import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';
import { eventData } from '../event-data.ts';

const reaction = z.object({ workMs: z.number(), afterMs: z.number() });
type Reaction = z.infer<typeof reaction>;

const REACTIONS_PER_REGISTRATION = 3;
const MAX_REMEMBERED = 1_000;

/** Reactions by registration and type, oldest first. Only in memory: a restart forgets the registrations under way. */
const remembered = new Map<string, Map<string, Reaction>>();

/** Puts the reactions to one registration side by side: together they took as long as the slowest, not as long as the sum. */
export const stopwatch = defineConsumer({
  name: 'signup-stopwatch',
  description: 'Compares how long the three reactions took with what they would take in a row.',
  version: '1.0.0',
  filter: { topics: ['reactions'], types: ['welcome-mail.sent', 'signup.counted', 'push.sent'] },
  handle: (event, ctx) => {
    const flow = event.correlationid ?? event.id;
    const reactions = remembered.get(flow) ?? new Map<string, Reaction>();
    remembered.set(flow, reactions.set(event.type, eventData(reaction, event)));
    const [oldest] = remembered.keys();
    if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
    if (reactions.size < REACTIONS_PER_REGISTRATION) return;
    remembered.delete(flow);
    const all = [...reactions.values()];
    ctx.publish('reactions', {
      type: 'signup.completed',
      subject: event.subject ?? event.id,
      data: {
        tookMs: Math.max(...all.map(({ afterMs }) => afterMs)),
        inARowMs: all.reduce((sum, { workMs }) => sum + workMs, 0),
      },
    });
  },
});
