import { type EventSearch } from '#lib/api/events.ts';

/** What is wrong in the text of a query bar, and where (characters from the start). */
export type QueryProblem = {
  readonly message: string;
  readonly start: number;
  readonly end: number;
};

/** A query as text reads; `search` holds what was understood even when there are problems. */
export type ParsedQuery = {
  readonly search: EventSearch;
  readonly problems: readonly QueryProblem[];
};

/** Words of the query bar, for completion. */
export const QUERY_WORDS = [
  { word: 'type:', hint: 'type of event, with * : order.*' },
  { word: 'topic:', hint: 'one or more topics: orders,payments' },
  { word: 'stream:', hint: 'one entity: order-17' },
  { word: 'source:', hint: 'who sent it' },
  { word: 'subject:', hint: 'what it is about' },
  { word: 'corr:', hint: 'correlation id: one whole flow' },
  { word: 'cause:', hint: 'id of the event that caused it' },
  { word: 'key:', hint: 'partition key' },
  { word: 'partition:', hint: 'number of the partition' },
  { word: 'after:', hint: 'from this time on: 2026-01-31, 14:31, -15m' },
  { word: 'before:', hint: 'up to this time' },
  { word: 'data.', hint: 'a field of the payload: data.total > 100' },
] as const;

const LIST_FIELDS = { type: 'type', topic: 'topic', source: 'source', subject: 'subject' } as const;
const TEXT_FIELDS = {
  stream: 'stream',
  corr: 'correlationId',
  cause: 'causationId',
  key: 'key',
} as const;
const TIME_FIELDS = { after: 'after', before: 'before' } as const;
const KNOWN = [
  ...Object.keys(LIST_FIELDS),
  ...Object.keys(TEXT_FIELDS),
  ...Object.keys(TIME_FIELDS),
  'partition',
];
const OPERATORS: Readonly<Record<string, string>> = {
  '=': '==',
  '==': '==',
  '!=': '!=',
  '>': '>',
  '>=': '>=',
  '<': '<',
  '<=': '<=',
};
const PREDICATE =
  /^data((?:\.[A-Za-z_$][\w$]*|\[\d+\]|\["[^"]*"\])+)\s*(==|!=|>=|<=|=|>|<)\s*(.*)$/su;
const AGO_UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

type Token = { readonly text: string; readonly start: number; readonly end: number };
type Draft = { -readonly [Field in keyof EventSearch]: EventSearch[Field] };
type Reading = {
  readonly draft: Draft;
  readonly predicates: string[];
  readonly problems: QueryProblem[];
  readonly now: Date;
};

/** Reads the text of a query bar. `now` is what "14:31" and "-15m" are measured from. */
export function parseQueryText(text: string, now: Date): ParsedQuery {
  const reading: Reading = { draft: {}, predicates: [], problems: [], now };
  for (const token of tokensOf(text)) readToken(token, reading);
  const { draft, predicates } = reading;
  if (predicates.length > 0) draft.where = predicates.join(' && ');
  return { search: draft, problems: reading.problems };
}

/** Writes a search as text that reads back as the same search. */
export function formatQueryText(search: EventSearch): string {
  const words: string[] = [];
  for (const [word, field] of Object.entries(LIST_FIELDS)) {
    const values = search[field];
    if (values?.length) words.push(`${word}:${values.map(quoteIfNeeded).join(',')}`);
  }
  for (const [word, field] of Object.entries(TEXT_FIELDS)) {
    const value = search[field];
    if (value !== undefined) words.push(`${word}:${quoteIfNeeded(value)}`);
  }
  if (search.partition !== undefined) words.push(`partition:${search.partition}`);
  if (search.after) words.push(`after:${search.after}`);
  if (search.before) words.push(`before:${search.before}`);
  if (search.where) words.push(predicateText(search.where));
  return words.join(' ');
}

/** Back from `$.total > 100 && …`; quoted text is left alone. */
function predicateText(where: string): string {
  return where.replaceAll(/"(?:[^"\\]|\\.)*"|\$(?=[.[])| && /gu, (found) => {
    if (found === '$') return 'data';
    return found === ' && ' ? ' ' : found;
  });
}

function readToken(token: Token, reading: Reading): void {
  if (/^data[.[]/u.test(token.text)) {
    readPredicate(token, reading);
    return;
  }
  const colon = token.text.indexOf(':');
  if (colon < 1) {
    const message = `"${token.text}" stands alone. Write what it is: type:${token.text}, topic:${token.text} or corr:${token.text}.`;
    reading.problems.push({ ...spanOf(token), message });
    return;
  }
  const word = token.text.slice(0, colon);
  const value = token.text.slice(colon + 1);
  if (value === '') {
    reading.problems.push({ ...spanOf(token), message: `Nothing follows "${word}:".` });
    return;
  }
  readField(word, value, { token, reading });
}

function readField(
  word: string,
  value: string,
  { token, reading }: { readonly token: Token; readonly reading: Reading },
): void {
  const { draft, problems } = reading;
  if (isKeyOf(LIST_FIELDS, word)) {
    const field = LIST_FIELDS[word];
    draft[field] = [...(draft[field] ?? []), ...splitList(value)];
    return;
  }
  if (isKeyOf(TEXT_FIELDS, word)) {
    draft[TEXT_FIELDS[word]] = unquote(value);
    return;
  }
  if (isKeyOf(TIME_FIELDS, word)) {
    const instant = readInstant(unquote(value), reading.now);
    if (instant) draft[TIME_FIELDS[word]] = instant.toISOString();
    else {
      const message = `"${value}" is not a time. Write 2026-01-31, 2026-01-31T14:31, 14:31 or -15m.`;
      problems.push({ ...spanOf(token), message });
    }
    return;
  }
  if (word === 'partition') {
    if (/^\d{1,6}$/u.test(value)) draft.partition = Number(value);
    else problems.push({ ...spanOf(token), message: `"${value}" is not a partition number.` });
    return;
  }
  const message = `"${word}:" is not known. There are ${KNOWN.map((known) => `${known}:`).join(', ')} and data.…`;
  problems.push({ ...spanOf(token), message });
}

/** `data.total > 100` → `$.total > 100`, the predicate language of the API. */
function readPredicate(token: Token, reading: Reading): void {
  const match = PREDICATE.exec(token.text);
  const [, path, operator, operand] = match ?? [];
  if (path === undefined || operator === undefined || operand === undefined) {
    const message = 'A predicate is data.field, then = != > >= < or <=, then a value.';
    reading.problems.push({ ...spanOf(token), message });
    return;
  }
  if (operand === '') {
    reading.problems.push({ ...spanOf(token), message: `Nothing follows "${operator}".` });
    return;
  }
  reading.predicates.push(`$${path} ${OPERATORS[operator]} ${literalOf(operand)}`);
}

/** Numbers, true, false, null and quoted text as they are; a bare word is text. */
function literalOf(operand: string): string {
  if (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/u.test(operand)) return operand;
  if (['true', 'false', 'null'].includes(operand)) return operand;
  return JSON.stringify(unquote(operand));
}

/** Words are parted by blanks outside quotes; a predicate keeps its operator and operand. */
function tokensOf(text: string): Token[] {
  const pattern =
    /data[.[](?:"[^"]*"|[^\s=!<>"])*\s*(?:==|!=|>=|<=|=|>|<)?\s*(?:"(?:[^"\\]|\\.)*"|[^\s"]*)|(?:"(?:[^"\\]|\\.)*"?|[^\s"])+/gu;
  const tokens: Token[] = [];
  for (const match of text.matchAll(pattern)) {
    const found = match[0].trimEnd();
    tokens.push({ text: found, start: match.index, end: match.index + found.length });
  }
  return tokens;
}

/** A date, a date and time, a time of today (local), or "-15m". */
function readInstant(value: string, now: Date): Date | null {
  const ago = /^-(\d{1,6})([smhd])$/u.exec(value);
  if (ago) {
    const unitMs = AGO_UNITS_MS[ago[2] ?? ''] ?? 0;
    return new Date(now.getTime() - Number(ago[1]) * unitMs);
  }
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/u.exec(value);
  if (clock) {
    const [hours, minutes, seconds] = [clock[1], clock[2], clock[3] ?? '0'].map(Number);
    if ((hours ?? 24) > 23 || (minutes ?? 60) > 59 || (seconds ?? 60) > 59) return null;
    const today = new Date(now);
    today.setHours(hours ?? 0, minutes, seconds, 0);
    return today;
  }
  if (!/^\d{4}-\d{2}-\d{2}/u.test(value)) return null;
  const instant = new Date(value);
  return Number.isNaN(instant.getTime()) ? null : instant;
}

function splitList(value: string): string[] {
  const parts = value.match(/"(?:[^"\\]|\\.)*"|[^,]+/gu) ?? [];
  return parts.map(unquote).filter((part) => part !== '');
}

function quoteIfNeeded(value: string): string {
  return /[\s",]/u.test(value) ? JSON.stringify(value) : value;
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  return value.replace(/^"|"$/gu, '').replaceAll('\\"', '"').replaceAll('\\\\', '\\');
}

function spanOf({ start, end }: Token): { start: number; end: number } {
  return { start, end };
}

function isKeyOf<Fields extends object>(fields: Fields, word: PropertyKey): word is keyof Fields {
  return Object.hasOwn(fields, word);
}
