/** What a colour means here; nothing is coloured for another reason. */
export type Tone = 'neutral' | 'accent' | 'ok' | 'slow' | 'fail' | 'paused' | 'past';

export const TONE_TEXT: Readonly<Record<Tone, string>> = {
  neutral: 'text-text-2',
  accent: 'text-accent',
  ok: 'text-ok',
  slow: 'text-slow',
  fail: 'text-fail',
  paused: 'text-paused',
  past: 'text-past',
};

/** For SVG and canvas: the CSS variable of the tone. */
export const TONE_VARIABLE: Readonly<Record<Tone, string>> = {
  neutral: 'var(--text-3)',
  accent: 'var(--accent)',
  ok: 'var(--ok)',
  slow: 'var(--slow)',
  fail: 'var(--fail)',
  paused: 'var(--paused)',
  past: 'var(--past)',
};
