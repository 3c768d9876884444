import { expect, test } from 'vitest';
import { boxAround, isWholeInView } from './whole-in-view.ts';

const node = (id: string) => ({ id, width: 100, height: 50, startColumn: 0 });
const box = boxAround(
  [node('a'), node('b'), node('not placed')],
  new Map([
    ['a', { x: 0, y: 0 }],
    ['b', { x: 300, y: 200 }],
  ]),
);

test('the box reaches from the first corner to the end of the last node', () => {
  expect(box).toEqual({ left: 0, top: 0, right: 400, bottom: 250 });
  expect(boxAround([node('not placed')], new Map())).toBeNull();
});

test('a graph is whole in view when it fits, shifted and zoomed', () => {
  expect(isWholeInView(box, { transform: [0, 0, 1], width: 400, height: 250 })).toBe(true);
  expect(isWholeInView(box, { transform: [1, 0, 1], width: 400, height: 250 })).toBe(false);
  expect(isWholeInView(box, { transform: [-1, 0, 1], width: 400, height: 250 })).toBe(false);
  expect(isWholeInView(box, { transform: [0, 0, 2], width: 400, height: 250 })).toBe(false);
  expect(isWholeInView(box, { transform: [10, 10, 0.5], width: 400, height: 250 })).toBe(true);
  expect(isWholeInView(null, { transform: [0, 0, 1], width: 0, height: 0 })).toBe(true);
});
