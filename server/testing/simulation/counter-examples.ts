import { type NetworkFault } from './simulated-network.ts';
import { type Behaviour, type Plan, type PlannedCommand } from './simulation-plan.ts';

const FINE: Behaviour = { fails: 0, how: 'throw', takesMs: 0 };
const ONCE: Behaviour = { fails: 1, how: 'throw', takesMs: 0 };

const publish = (...events: readonly (readonly [number | null, Behaviour])[]): PlannedCommand => ({
  type: 'publish',
  events: events.map(([key, behaviour]) => ({ key, behaviour })),
});

const network = (node: number, fault: NetworkFault, forMs: number): PlannedCommand => ({
  type: 'network',
  node,
  fault,
  forMs,
});

const SMALL = {
  nodes: 1,
  partitions: 1,
  onFailure: 'park-key',
  concurrency: 1,
  maxInFlight: 4,
} as const;

/** Plans that once broke a rule, as fast-check shrank them, under the name of what was wrong. They are never removed. */
export const COUNTER_EXAMPLES: Readonly<Record<string, Plan>> = {
  'a partition that was taken by a beginning that failed is not kept from the others': {
    ...SMALL,
    nodes: 2,
    concurrency: 4,
    maxInFlight: 50,
    seed: 1_203_194_715,
    mode: 'stream',
    guarantee: 'at-most-once',
    commands: [
      { afterMs: 100, command: { type: 'freeze', node: 0, forMs: 14_200 } },
      { afterMs: 6_000, command: { type: 'stop', node: 2, downMs: 2_814 } },
      { afterMs: 100, command: { type: 'reset', node: 1, to: 'earliest' } },
      {
        afterMs: 1_000,
        command: network(1, { type: 'refuse', share: 0.2 }, 15_538),
      },
      { afterMs: 6_000, command: publish([2, FINE]) },
    ],
  },
  'no retry of a partition is tried before all that waits for it is known': {
    ...SMALL,
    onFailure: 'block',
    nodes: 2,
    seed: 2_147_483_633,
    mode: 'stream',
    guarantee: 'at-least-once',
    commands: [
      { afterMs: 0, command: publish([0, { ...FINE, takesMs: 40 }], [0, { ...ONCE, fails: 2 }]) },
      { afterMs: 6_000, command: { type: 'publish-again' } },
      {
        afterMs: 0,
        command: publish(
          [0, FINE],
          [0, { ...ONCE, fails: 2 }],
          [0, ONCE],
          [null, { ...ONCE, takesMs: 3 }],
          [0, FINE],
          [0, FINE],
          [0, FINE],
          [0, FINE],
        ),
      },
      { afterMs: 0, command: { type: 'resume', node: 0 } },
      { afterMs: 1_000, command: { type: 'stop', node: 0, downMs: 33 } },
      {
        afterMs: 0,
        command: network(1, { type: 'refuse', share: 0.2 }, 101),
      },
      { afterMs: 6_000, command: publish([0, FINE]) },
      { afterMs: 0, command: publish([null, FINE]) },
    ],
  },
  'who joined anew and had no answer is not taken for somebody else': {
    ...SMALL,
    seed: 1_185_678_707,
    mode: 'stream',
    guarantee: 'at-least-once',
    commands: [
      { afterMs: 0, command: publish([null, FINE]) },
      { afterMs: 0, command: { type: 'redrive', node: 0 } },
      {
        afterMs: 100,
        command: network(0, { type: 'lose-answer', share: 0.2 }, 9_903),
      },
      { afterMs: 0, command: { type: 'freeze', node: 0, forMs: 9_897 } },
      { afterMs: 6_000, command: publish([0, ONCE]) },
      { afterMs: 1_000, command: publish([0, ONCE]) },
      { afterMs: 100, command: publish([0, ONCE]) },
      { afterMs: 6_000, command: publish([0, FINE]) },
    ],
  },
  'rows whose claim was answered by nobody are tried all the same': {
    ...SMALL,
    seed: 2_020_108_919,
    mode: 'stream',
    guarantee: 'at-least-once',
    commands: [
      {
        afterMs: 0,
        command: network(0, { type: 'lose-answer', share: 0.2 }, 116),
      },
      { afterMs: 0, command: publish([null, { ...ONCE, takesMs: 3 }], [0, FINE]) },
      { afterMs: 0, command: publish([0, ONCE]) },
      { afterMs: 0, command: { type: 'double-wakes', forMs: 101 } },
      { afterMs: 100, command: publish([0, FINE], [1, ONCE]) },
      { afterMs: 100, command: publish([null, ONCE]) },
    ],
  },
  'a retry that is due before its first attempt is known to be stored waits for that': {
    ...SMALL,
    concurrency: 16,
    seed: 631_957_858,
    mode: 'stream',
    guarantee: 'at-least-once',
    commands: [
      {
        afterMs: 0,
        command: network(0, { type: 'lose-answer', share: 0.2 }, 8),
      },
      { afterMs: 0, command: publish([2, ONCE]) },
      {
        afterMs: 0,
        command: publish([0, { ...FINE, takesMs: 3 }], [1, { ...ONCE, how: 'final' }]),
      },
      { afterMs: 100, command: publish([2, FINE], [null, FINE]) },
      { afterMs: 0, command: { type: 'redrive', node: 0 } },
    ],
  },
  'a failure of a queue at most once is a letter although its claim is gone': {
    ...SMALL,
    seed: 9,
    mode: 'queue',
    guarantee: 'at-most-once',
    commands: [
      { afterMs: 0, command: publish([0, ONCE], [null, FINE], [0, ONCE], [0, FINE]) },
      { afterMs: 0, command: publish([0, ONCE], [0, ONCE], [0, ONCE], [null, FINE]) },
      { afterMs: 100, command: publish([0, FINE], [0, FINE], [0, FINE], [0, ONCE]) },
      {
        afterMs: 0,
        command: publish(
          [0, FINE],
          [0, ONCE],
          [0, ONCE],
          [0, FINE],
          [0, FINE],
          [0, FINE],
          [0, FINE],
        ),
      },
      {
        afterMs: 0,
        command: publish([0, FINE], [0, FINE], [0, ONCE], [null, ONCE], [null, ONCE], [0, FINE]),
      },
      { afterMs: 0, command: publish([0, FINE], [null, FINE], [0, FINE], [0, FINE]) },
    ],
  },
  'a subscription that could not be started after a reset is started later': {
    ...SMALL,
    seed: 2_020_108_919,
    mode: 'queue',
    guarantee: 'at-most-once',
    commands: [
      { afterMs: 0, command: { type: 'reset', node: 0, to: 'earliest' } },
      {
        afterMs: 5,
        command: network(0, { type: 'lose-answer', share: 1 }, 505),
      },
      { afterMs: 1_000, command: { type: 'stop', node: 1, downMs: 0 } },
      { afterMs: 0, command: publish([0, ONCE]) },
    ],
  },
  'a reset forgets what another process has handled and not committed': {
    ...SMALL,
    nodes: 2,
    seed: 15,
    mode: 'stream',
    guarantee: 'effectively-once',
    commands: [
      { afterMs: 0, command: { type: 'reset', node: 1, to: 1 } },
      { afterMs: 0, command: publish([0, FINE], [0, ONCE]) },
    ],
  },
  'a process that was frozen while another paused the subscription delivers again after it is resumed':
    {
      ...SMALL,
      nodes: 2,
      seed: 39_704_250,
      mode: 'stream',
      guarantee: 'at-least-once',
      commands: [
        { afterMs: 1_000, command: { type: 'freeze', node: 0, forMs: 0 } },
        { afterMs: 0, command: { type: 'freeze', node: 0, forMs: 9_046 } },
        { afterMs: 0, command: { type: 'pause', node: 1 } },
        { afterMs: 0, command: publish([0, ONCE]) },
      ],
    },
  'a retry whose claim was answered by nobody is found although the subscription was started anew meanwhile':
    {
      ...SMALL,
      nodes: 2,
      seed: 20,
      mode: 'queue',
      guarantee: 'at-least-once',
      commands: [
        { afterMs: 0, command: publish([0, FINE]) },
        {
          afterMs: 0,
          command: network(1, { type: 'lose-answer', share: 0.6 }, 11_688),
        },
        { afterMs: 6_000, command: { type: 'crash', node: 2, downMs: 0 } },
        {
          afterMs: 100,
          command: publish(
            [0, { fails: 2, how: 'hang', takesMs: 0 }],
            [0, { ...ONCE, takesMs: 3 }],
          ),
        },
        { afterMs: 0, command: { type: 'stop', node: 0, downMs: 981 } },
        { afterMs: 0, command: publish([0, ONCE]) },
        { afterMs: 6_000, command: { type: 'pause', node: 0 } },
        { afterMs: 0, command: { type: 'reset', node: 1, to: 'earliest' } },
      ],
    },
  'a process that did not hear that offsets were moved reads again where they stand': {
    ...SMALL,
    nodes: 3,
    partitions: 3,
    seed: 2_147_483_629,
    mode: 'stream',
    guarantee: 'at-least-once',
    commands: [
      {
        afterMs: 100,
        command: network(2, { type: 'lose-answer', share: 0.6 }, 9_089),
      },
      { afterMs: 0, command: { type: 'reset', node: 1, to: 'earliest' } },
      { afterMs: 1_000, command: { type: 'double-wakes', forMs: 0 } },
      { afterMs: 6_000, command: publish([1, ONCE]) },
      { afterMs: 1_000, command: { type: 'publish-again' } },
      { afterMs: 1_000, command: publish([0, FINE]) },
      { afterMs: 1_000, command: { type: 'freeze', node: 0, forMs: 0 } },
    ],
  },
  'the next of a key goes on although the settlement before it is not known to be done': {
    ...SMALL,
    nodes: 2,
    partitions: 3,
    concurrency: 16,
    seed: 1_381_130_011,
    mode: 'stream',
    guarantee: 'effectively-once',
    commands: [
      { afterMs: 6_000, command: publish([0, FINE]) },
      {
        afterMs: 6_000,
        command: network(0, { type: 'lose-answer', share: 0.2 }, 209),
      },
      { afterMs: 0, command: publish([2, ONCE], [3, FINE], [0, FINE], [3, FINE], [2, FINE]) },
      {
        afterMs: 100,
        command: publish(
          [1, FINE],
          [0, FINE],
          [1, FINE],
          [null, FINE],
          [0, FINE],
          [0, ONCE],
          [0, ONCE],
          [0, FINE],
        ),
      },
      { afterMs: 100, command: publish([2, ONCE], [3, FINE]) },
      { afterMs: 0, command: publish([2, ONCE], [3, FINE], [2, FINE], [0, FINE]) },
      { afterMs: 100, command: publish([0, FINE]) },
      { afterMs: 0, command: publish([0, FINE]) },
    ],
  },
  'an attempt that is under way is not put back by what is stored of the one before': {
    ...SMALL,
    concurrency: 16,
    seed: 23,
    mode: 'stream',
    guarantee: 'at-least-once',
    commands: [
      {
        afterMs: 0,
        command: network(0, { type: 'lose-answer', share: 0.2 }, 3_022),
      },
      { afterMs: 1_000, command: { type: 'redrive', node: 0 } },
      {
        afterMs: 0,
        command: publish(
          [0, { fails: 5, how: 'hang', takesMs: 0 }],
          [0, FINE],
          [0, FINE],
          [2, { ...ONCE, fails: 2 }],
          [0, FINE],
          [1, ONCE],
          [1, FINE],
          [0, FINE],
        ),
      },
      { afterMs: 6_000, command: { type: 'lose-wakes', forMs: 0 } },
      { afterMs: 0, command: { type: 'double-wakes', forMs: 0 } },
    ],
  },
  'a retry is found whose next claim nobody knew of while the outcome before it was stored': {
    ...SMALL,
    concurrency: 4,
    seed: 2_147_483_629,
    mode: 'stream',
    guarantee: 'at-least-once',
    commands: [
      {
        afterMs: 6_000,
        command: network(0, { type: 'lose-answer', share: 0.6 }, 3_117),
      },
      { afterMs: 0, command: publish([0, { fails: 5, how: 'hang', takesMs: 0 }], [0, FINE]) },
      { afterMs: 100, command: { type: 'publish-again' } },
      { afterMs: 0, command: publish([1, { ...FINE, takesMs: 40 }]) },
      { afterMs: 6_000, command: publish([0, ONCE]) },
      { afterMs: 0, command: { type: 'resume', node: 0 } },
    ],
  },
};
