import { useCallback, useSyncExternalStore } from 'react';

/** Whether the media query holds now. On the server and in the first render it counts as `fallback`. */
export function useMediaQuery(query: string, fallback = false): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const media = window.matchMedia(query);
      media.addEventListener('change', listener);
      return () => media.removeEventListener('change', listener);
    },
    [query],
  );
  return useSyncExternalStore(
    subscribe,
    () => window.matchMedia(query).matches,
    () => fallback,
  );
}

export const MEDIA = {
  /** Too narrow for a graph; tables and lists instead. */
  narrow: '(max-width: 599px)',
  /** Room for a panel beside the content. */
  wide: '(min-width: 1024px)',
  reducedMotion: '(prefers-reduced-motion: reduce)',
} as const;
