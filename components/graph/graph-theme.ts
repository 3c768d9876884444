/** The tokens a canvas needs, read from the page because a canvas cannot use CSS variables. */
export type GraphTheme = {
  readonly line: string;
  readonly accent: string;
  readonly fail: string;
  readonly text: string;
  readonly text2: string;
  readonly surface: string;
  readonly mono: string;
};

export const readGraphTheme = (element: Element): GraphTheme => {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
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

/** Calls back when the page changes between light and dark. */
export const watchTheme = (onChange: () => void): (() => void) => {
  const observer = new MutationObserver(onChange);
  observer.observe(document.documentElement, { attributeFilter: ['data-theme', 'class'] });
  return () => observer.disconnect();
};
