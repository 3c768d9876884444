import { z } from 'zod';
import { type Point } from './graph-model.ts';

/** Dragged nodes remembered per graph; the oldest are forgotten beyond this. */
const MAX_PINNED = 2_000;

const storedSchema = z.array(z.tuple([z.string(), z.object({ x: z.number(), y: z.number() })]));

/** Positions a person chose. Anything unreadable in the store counts as none. */
export const readPinnedPositions = (storageKey: string): Map<string, Point> => {
  try {
    const parsed = storedSchema.safeParse(JSON.parse(localStorage.getItem(storageKey) ?? '[]'));
    return new Map(parsed.success ? parsed.data : []);
  } catch {
    return new Map();
  }
};

export const writePinnedPositions = (
  storageKey: string,
  positions: ReadonlyMap<string, Point>,
): void => {
  try {
    if (positions.size === 0) localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, JSON.stringify([...positions].slice(-MAX_PINNED)));
  } catch {
    // A browser that refuses to store (private mode, full) still shows the graph; the drag lasts until reload.
  }
};
