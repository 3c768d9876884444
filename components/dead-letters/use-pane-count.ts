import { useMediaQuery } from '#lib/state/use-media-query.ts';

/** How many of groups, letters and letter stand side by side: all, two, or one step at a time. */
export function usePaneCount(): 1 | 2 | 3 {
  const hasTwo = useMediaQuery('(min-width: 900px)');
  const hasThree = useMediaQuery('(min-width: 1280px)');
  if (hasThree) return 3;
  return hasTwo ? 2 : 1;
}
