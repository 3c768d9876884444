import { pick, shortId } from '../random-choice.ts';
import { type ScenarioDefinition } from '../scenario.ts';
import { fanOutConsumer } from './fan-out-consumer.ts';
import { stopwatch } from './stopwatch.ts';

const NAMES = ['Kofi', 'Lena', 'Mateo', 'Noor', 'Oskar', 'Priya'] as const;

/** One event, three consumers, each with its own copy at the same time. Read signup.completed on the topic `reactions`. */
export const fanOut: ScenarioDefinition = {
  name: 'fan-out',
  title: 'Fan-out',
  description:
    'A registration goes to mail (100 ms), analytics (50 ms) and push (80 ms) at the same time: all is done after about 100 ms, not 230.',
  teaches: [
    'Every consumer that matches gets its own copy, at the same time',
    'The whole takes as long as the slowest part, not as long as the sum',
  ],
  topics: [
    { name: 'registrations', partitions: 4 },
    { name: 'reactions', partitions: 4 },
  ],
  consumers: [
    fanOutConsumer({
      name: 'signup-mail',
      description: 'Sends the welcome mail, which takes 100 ms.',
      done: 'welcome-mail.sent',
      workMs: 100,
    }),
    fanOutConsumer({
      name: 'signup-analytics',
      description: 'Counts the registration, which takes 50 ms.',
      done: 'signup.counted',
      workMs: 50,
    }),
    fanOutConsumer({
      name: 'signup-push',
      description: 'Pushes a greeting to the telephone, which takes 80 ms.',
      done: 'push.sent',
      workMs: 80,
    }),
    stopwatch,
  ],
  rate: { default: 1, min: 0.5, max: 50, unit: 'registrations/s' },
  defaultFaults: {},
  produce: async (ctx) => {
    const userId = `user-${shortId(ctx)}`;
    await ctx.publish('registrations', {
      source: 'sign-up-page',
      type: 'user.registered',
      subject: userId,
      correlationid: userId,
      data: { userId, name: pick(NAMES, ctx) },
    });
  },
};
