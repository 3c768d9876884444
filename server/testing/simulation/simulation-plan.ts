import fc from 'fast-check';
import { type NetworkFault } from './simulated-network.ts';

/** What the handler does with an event: it fails so many times in its life, in this way, and takes so long. */
export type Behaviour = {
  readonly fails: number;
  readonly how: 'throw' | 'final' | 'hang';
  readonly takesMs: number;
};
export type PlannedEvent = { readonly key: number | null; readonly behaviour: Behaviour };

export type PlannedCommand =
  | { readonly type: 'publish'; readonly events: readonly PlannedEvent[] }
  | { readonly type: 'publish-again' }
  | { readonly type: 'crash'; readonly node: number; readonly downMs: number }
  | { readonly type: 'stop'; readonly node: number; readonly downMs: number }
  | { readonly type: 'freeze'; readonly node: number; readonly forMs: number }
  | { readonly type: 'jump-clock'; readonly node: number; readonly byMs: number }
  | {
      readonly type: 'network';
      readonly node: number;
      readonly fault: NetworkFault;
      readonly forMs: number;
    }
  | { readonly type: 'lose-wakes'; readonly forMs: number }
  | { readonly type: 'double-wakes'; readonly forMs: number }
  | { readonly type: 'pause'; readonly node: number }
  | { readonly type: 'resume'; readonly node: number }
  | { readonly type: 'reset'; readonly node: number; readonly to: 'earliest' | 'latest' | number }
  | { readonly type: 'replay'; readonly from: number; readonly to: number }
  | { readonly type: 'redrive'; readonly node: number };

export type Plan = {
  /** Of the interleaving, the latencies and the jitter. */
  readonly seed: number;
  readonly nodes: number;
  readonly partitions: number;
  readonly mode: 'stream' | 'queue';
  readonly guarantee: 'at-least-once' | 'effectively-once' | 'at-most-once';
  readonly onFailure: 'block' | 'park-key' | 'skip';
  readonly concurrency: number;
  readonly maxInFlight: number;
  readonly commands: readonly { readonly afterMs: number; readonly command: PlannedCommand }[];
};

const MAX_NODES = 3;
const KEYS = 4;

const ms = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
const node = fc.integer({ min: 0, max: MAX_NODES - 1 });

const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      fails: fc.constant(0),
      how: fc.constant('throw' as const),
      takesMs: fc.constantFrom(0, 0, 3, 40),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      fails: fc.constantFrom(1, 2, 5),
      how: fc.constantFrom('throw' as const, 'final' as const, 'hang' as const),
      takesMs: fc.constantFrom(0, 3, 40),
    }),
  },
);
const event: fc.Arbitrary<PlannedEvent> = fc.record({
  key: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: KEYS - 1 }) },
    { weight: 1, arbitrary: fc.constant(null) },
  ),
  behaviour,
});
const share = fc.constantFrom(0.2, 0.6, 1);
const networkFault: fc.Arbitrary<NetworkFault> = fc.oneof(
  share.map((part) => ({ type: 'refuse', share: part }) as const),
  share.map((part) => ({ type: 'lose-answer', share: part }) as const),
  fc.constantFrom(50, 2_000).map((upToMs) => ({ type: 'slow', upToMs }) as const),
);

const publish = fc.record({
  type: fc.constant('publish' as const),
  events: fc.array(event, { minLength: 1, maxLength: 12 }),
});
const fault = fc.oneof(
  fc.record({ type: fc.constant('crash' as const), node, downMs: ms(15_000) }),
  fc.record({ type: fc.constant('stop' as const), node, downMs: ms(3_000) }),
  fc.record({ type: fc.constant('freeze' as const), node, forMs: ms(25_000) }),
  fc.record({
    type: fc.constant('jump-clock' as const),
    node,
    byMs: fc.integer({ min: -3_600_000, max: 3_600_000 }),
  }),
  fc.record({
    type: fc.constant('network' as const),
    node,
    fault: networkFault,
    forMs: ms(20_000),
  }),
  fc.record({ type: fc.constant('lose-wakes' as const), forMs: ms(5_000) }),
  fc.record({ type: fc.constant('double-wakes' as const), forMs: ms(5_000) }),
);
const person = fc.oneof(
  fc.record({ type: fc.constant('pause' as const), node }),
  fc.record({ type: fc.constant('resume' as const), node }),
  fc.record({
    type: fc.constant('reset' as const),
    node,
    to: fc.oneof(
      fc.constantFrom('earliest' as const, 'latest' as const),
      fc.integer({ min: 1, max: 60 }),
    ),
  }),
  fc.record({
    type: fc.constant('replay' as const),
    from: fc.integer({ min: 1, max: 40 }),
    to: fc.integer({ min: 1, max: 60 }),
  }),
  fc.record({ type: fc.constant('redrive' as const), node }),
);
const command: fc.Arbitrary<PlannedCommand> = fc.oneof(
  { weight: 6, arbitrary: publish },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('publish-again' as const) }) },
  { weight: 5, arbitrary: fault },
  { weight: 2, arbitrary: person },
);

/** Plans of at most `maxCommands`; what makes one smaller is a shorter, simpler list of commands, never another seed. */
export const planOf = (maxCommands: number): fc.Arbitrary<Plan> =>
  fc.record({
    seed: fc.noShrink(fc.integer({ min: 0, max: 2 ** 31 - 1 })),
    nodes: fc.integer({ min: 1, max: MAX_NODES }),
    partitions: fc.constantFrom(1, 3),
    mode: fc.oneof(
      { weight: 3, arbitrary: fc.constant('stream' as const) },
      { weight: 1, arbitrary: fc.constant('queue' as const) },
    ),
    guarantee: fc.oneof(
      { weight: 4, arbitrary: fc.constant('at-least-once' as const) },
      { weight: 1, arbitrary: fc.constant('effectively-once' as const) },
      { weight: 1, arbitrary: fc.constant('at-most-once' as const) },
    ),
    onFailure: fc.constantFrom(
      'park-key' as const,
      'park-key' as const,
      'block' as const,
      'skip' as const,
    ),
    concurrency: fc.constantFrom(1, 4, 16),
    maxInFlight: fc.constantFrom(4, 50),
    commands: fc.array(fc.record({ afterMs: fc.constantFrom(0, 5, 100, 1_000, 6_000), command }), {
      minLength: 1,
      maxLength: maxCommands,
      size: 'max',
    }),
  });
