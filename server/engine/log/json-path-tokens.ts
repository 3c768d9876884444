import { EngineError } from '../errors.ts';

export type Token = {
  readonly kind: 'symbol' | 'name' | 'string' | 'number' | 'end';
  readonly text: string;
  readonly at: number;
};

export const badPath = (message: string): EngineError =>
  new EngineError('invalid-request', `where: ${message}`, { field: 'where' });

const MAX_PATH_LENGTH = 4_096;
const SPACE = /(?:\s|\/\*[\s\S]*?\*\/)*/y;
const NUMBER = /(?:(?:0|[1-9]\d*)(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/y;
const STRING = /"(?:[^"\\]|\\[\s\S])*"/y;
const NAME = /[^?%$.[\]{}()|&!=<>@#,*:\-+/\\"\s\d][^?%$.[\]{}()|&!=<>@#,*:\-+/\\"\s]*/y;
const SYMBOL = /\*\*|==|!=|<>|<=|>=|&&|\|\||[$@.*?()[\],<>!+\-*/%=]/y;

/** Splits a path into words. Throws invalid-request where the text holds something no path does. */
export function tokenize(path: string): Token[] {
  if (path.length > MAX_PATH_LENGTH) throw badPath(`is longer than ${MAX_PATH_LENGTH} characters.`);
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(path)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const push = (kind: Token['kind'], text: string, start: number) =>
    tokens.push({ kind, text, at: start });
  for (;;) {
    take(SPACE);
    const start = at;
    if (at >= path.length) {
      push('end', '', start);
      return tokens;
    }
    const string = take(STRING);
    const number = string === undefined ? take(NUMBER) : undefined;
    const name = string === undefined && number === undefined ? take(NAME) : undefined;
    const symbol =
      string === undefined && number === undefined && name === undefined ? take(SYMBOL) : undefined;
    if (string !== undefined) push('string', unescape(string), start);
    else if (number !== undefined) push('number', number, start);
    else if (name !== undefined) push('name', name, start);
    else if (symbol !== undefined) push('symbol', symbol, start);
    else throw badPath(`does not parse at character ${start + 1}.`);
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const ESCAPE = /\\(?:u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[\s\S])/g;

function unescape(quoted: string): string {
  return quoted.slice(1, -1).replaceAll(ESCAPE, (escape: string) => {
    if (escape.length === 2) return unescapeOne(escape.slice(1));
    const code = Number.parseInt(escape.replaceAll(/[\\ux{}]/g, ''), 16);
    if (code === 0 || code > 0x10_ff_ff) throw badPath('holds a character that cannot be stored.');
    return String.fromCodePoint(code);
  });
}

function unescapeOne(character: string): string {
  if (character === 'u' || character === 'x') throw badPath('holds an incomplete escape.');
  return ESCAPES[character] ?? character;
}
