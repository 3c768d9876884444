/**
 * Whether a subscription with these topic globs hears a topic. No globs hear every topic but those beginning with `$`,
 * which are heard only by globs that begin with `$` themselves.
 */
export function hearsTopic(globs: readonly string[] | undefined, topic: string): boolean {
  const system = topic.startsWith('$');
  if (globs === undefined || globs.length === 0) return !system;
  return globs.some((glob) => system === glob.startsWith('$') && matchesGlob(glob, topic));
}

/** `*` stands for any run of characters, also none; everything else for itself. Linear in the length of the text. */
export function matchesGlob(glob: string, text: string): boolean {
  const [first = '', ...rest] = glob.split('*');
  if (rest.length === 0) return glob === text;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}
