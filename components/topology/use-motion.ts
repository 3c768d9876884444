import { useState } from 'react';
import { MEDIA, useMediaQuery } from '#lib/state/use-media-query.ts';

/** Above this many edges the dots stand still: the lines and numbers say the same and cost nothing. */
export const MAX_MOVING_EDGES = 1_200;

export type Motion = {
  readonly isMoving: boolean;
  readonly isWanted: boolean;
  readonly setWanted: (isWanted: boolean) => void;
  /** Why the dots stand still although they are wanted. */
  readonly note: string | null;
};

const noteOf = (isReduced: boolean, edges: number): string | null => {
  if (isReduced) return 'Off: your system asks for less motion';
  return edges > MAX_MOVING_EDGES ? `Off: more than ${MAX_MOVING_EDGES} edges` : null;
};

export const useMotion = (edgeCount: number): Motion => {
  const [isWanted, setWanted] = useState(true);
  const isReduced = useMediaQuery(MEDIA.reducedMotion);
  const note = noteOf(isReduced, edgeCount);
  return { isMoving: isWanted && note === null, isWanted, setWanted, note };
};
