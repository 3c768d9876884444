import { tokensOf } from '#components/ui/theme-tokens.ts';

/** Tokens as the canvas needs them. */
export const readTimelineTheme = (element: Element) => {
  const token = tokensOf(element);
  return {
    line: token('--line'),
    lineStrong: token('--line-strong'),
    accent: token('--accent'),
    accentSoft: token('--accent-soft'),
    fail: token('--fail'),
    text: token('--text'),
    text2: token('--text-2'),
    text3: token('--text-3'),
    bg: token('--bg'),
    mono: token('--mono'),
  };
};

export type TimelineTheme = Readonly<ReturnType<typeof readTimelineTheme>>;
