import { parseAsIsoDateTime, parseAsString, parseAsStringLiteral } from 'nuqs';
import { type LetterStatus } from '#contracts/dead-letter.ts';

/*
 * What the URL keeps, by the same names on every page:
 * q query text · from/to time range · id what is selected.
 * Use with useQueryState('q', queryTextParam) or useQueryStates({ from: timeParam, to: timeParam }).
 */

/** Text of the query bar; typing replaces the history entry. */
export const queryTextParam = parseAsString.withDefault('').withOptions({ history: 'replace' });

/** One end of a range. */
export const timeParam = parseAsIsoDateTime.withOptions({ history: 'push' });

/** Identifier of what is open beside the list; Back closes it. */
export const selectedIdParam = parseAsString.withOptions({ history: 'push' });

/** A tab or mode out of a fixed set. */
export function choiceParam<const Choice extends string>(
  choices: readonly [Choice, ...Choice[]],
  fallback: NoInfer<Choice> = choices[0],
) {
  return parseAsStringLiteral<Choice>(choices)
    .withDefault(fallback)
    .withOptions({ history: 'push' });
}

const LETTER_STATUSES = [
  'open',
  'acknowledged',
  'retrying',
  'resolved',
  'ignored',
  'discarded',
] as const satisfies readonly LetterStatus[];

export const letterStatusParam = parseAsStringLiteral(LETTER_STATUSES).withOptions({
  history: 'push',
});
