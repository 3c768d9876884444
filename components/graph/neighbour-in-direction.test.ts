import { expect, test } from 'vitest';
import { neighbourInDirection } from './neighbour-in-direction.ts';

const positions = new Map([
  ['topic', { x: 0, y: 100 }],
  ['near', { x: 300, y: 110 }],
  ['far', { x: 300, y: 400 }],
]);
const edges = [
  { id: '1', source: 'topic', target: 'far' },
  { id: '2', source: 'topic', target: 'near' },
];

test('right and left follow the edges, the nearest in height first', () => {
  const step = { edges, positions };
  expect(neighbourInDirection({ ...step, from: 'topic', key: 'ArrowRight' })).toBe('near');
  expect(neighbourInDirection({ ...step, from: 'far', key: 'ArrowLeft' })).toBe('topic');
  expect(neighbourInDirection({ ...step, from: 'topic', key: 'ArrowLeft' })).toBeNull();
});

test('up and down stay in the column', () => {
  const step = { edges, positions };
  expect(neighbourInDirection({ ...step, from: 'near', key: 'ArrowDown' })).toBe('far');
  expect(neighbourInDirection({ ...step, from: 'far', key: 'ArrowUp' })).toBe('near');
});
