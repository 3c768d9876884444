import fc from 'fast-check';

const KEYS = 2;

/** What a person or a client does. `sub` is one of two subscriptions of the topic, of which the second comes and goes. */
export type ModelCommand =
  | { readonly kind: 'publish'; readonly keys: readonly (number | null)[] }
  | { readonly kind: 'publish-again'; readonly which: number }
  | { readonly kind: 'append'; readonly expected: number }
  | { readonly kind: 'receive'; readonly sub: number; readonly max: number }
  | { readonly kind: 'ack'; readonly sub: number; readonly which: number }
  | {
      readonly kind: 'nack';
      readonly sub: number;
      readonly which: number;
      readonly retryable: boolean;
    }
  | { readonly kind: 'replay'; readonly sub: number; readonly from: number; readonly to: number }
  | { readonly kind: 'subscribe'; readonly start: 'earliest' | 'latest' }
  | { readonly kind: 'unsubscribe' | 'restart' | 'crash' }
  | {
      readonly kind: 'pause' | 'resume' | 'reset' | 'redrive' | 'discard';
      readonly sub: number;
    };

const sub = fc.nat(1);
const which = fc.nat(20);
const max = fc.integer({ min: 1, max: 5 });
const keys = fc.array(fc.option(fc.nat(KEYS - 1), { freq: 4 }), { minLength: 1, maxLength: 4 });

const kind = <Kind extends string>(name: Kind) => fc.constant(name);

const commandOf: fc.Arbitrary<ModelCommand> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: kind('publish'), keys }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('publish-again'), which }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('append'), expected: fc.nat(3) }) },
  { weight: 12, arbitrary: fc.record({ kind: kind('receive'), sub, max }) },
  { weight: 9, arbitrary: fc.record({ kind: kind('ack'), sub, which }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: kind('nack'), sub, which, retryable: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kind('replay'), sub, from: which, to: which }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: kind('subscribe'),
      start: fc.constantFrom('earliest' as const, 'latest' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('unsubscribe' as const, 'restart' as const, 'crash' as const),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'pause' as const,
        'resume' as const,
        'resume' as const,
        'reset' as const,
        'redrive' as const,
        'discard' as const,
      ),
      sub,
    }),
  },
);

export type ModelPlan = {
  readonly mode: 'stream' | 'queue';
  readonly commands: readonly ModelCommand[];
};

/** At most so many commands, on a stream or a queue. */
export const modelPlanOf = (maxCommands: number): fc.Arbitrary<ModelPlan> =>
  fc.record({
    mode: fc.constantFrom('stream' as const, 'stream' as const, 'queue' as const),
    commands: fc.array(commandOf, { minLength: 1, maxLength: maxCommands, size: 'max' }),
  });
