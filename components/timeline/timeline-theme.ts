/** Tokens as the canvas needs them. */
export type TimelineTheme = {
  readonly line: string;
  readonly lineStrong: string;
  readonly accent: string;
  readonly accentSoft: string;
  readonly fail: string;
  readonly text: string;
  readonly text2: string;
  readonly text3: string;
  readonly bg: string;
  readonly mono: string;
};

export const readTimelineTheme = (element: Element): TimelineTheme => {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
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
