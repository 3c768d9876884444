import { tokensOf } from '#components/ui/theme-tokens.ts';

/** The tokens a canvas needs, read from the page because a canvas cannot use CSS variables. */
export const readGraphTheme = (element: Element) => {
  const token = tokensOf(element);
  return {
    line: token('--line-strong'),
    accent: token('--accent'),
    fail: token('--fail'),
    text: token('--text'),
    text2: token('--text-2'),
    surface: token('--surface'),
    mono: token('--mono'),
  };
};

export type GraphTheme = Readonly<ReturnType<typeof readGraphTheme>>;
