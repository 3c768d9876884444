import { QUERY_WORDS } from '#lib/query-language.ts';

export type Completion = { readonly text: string; readonly hint: string };

const MAX_COMPLETIONS = 8;

/** The word around the caret: from the last blank before it. */
export function wordAt(
  text: string,
  caret: number,
): { readonly start: number; readonly word: string } {
  const start = text.lastIndexOf(' ', caret - 1) + 1;
  return { start, word: text.slice(start, caret) };
}

/** What the word at the caret could become: field names, then known topics and types. */
export function completionsFor(
  word: string,
  known: { readonly topics: readonly string[]; readonly types: readonly string[] },
): readonly Completion[] {
  const values = valuesFor(word, known);
  if (values !== null) return values.slice(0, MAX_COMPLETIONS);
  return QUERY_WORDS.filter((one) => one.word.startsWith(word) && one.word !== word)
    .map((one) => ({ text: one.word, hint: one.hint }))
    .slice(0, MAX_COMPLETIONS);
}

function valuesFor(
  word: string,
  known: { readonly topics: readonly string[]; readonly types: readonly string[] },
): readonly Completion[] | null {
  const colon = word.indexOf(':');
  if (colon < 0) return null;
  const field = word.slice(0, colon);
  const typed = word.slice(colon + 1);
  const lists: Readonly<Record<string, readonly string[]>> = {
    topic: known.topics,
    type: known.types,
  };
  return (lists[field] ?? [])
    .filter((value) => value.includes(typed) && value !== typed)
    .map((value) => ({ text: `${field}:${value}`, hint: field }));
}
