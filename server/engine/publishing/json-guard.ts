import { EngineError } from '../errors.ts';

/*
 * One pass over JSON text before it is parsed or stored. It refuses what parses but cannot be kept: nesting that would
 * overflow whoever walks it later, NUL and lone surrogates (Postgres text holds neither), numbers beyond a double.
 * It reads text, not values, because a repeated member hides its first value from JSON.parse, yet is stored as sent.
 * Text that is not JSON passes here and fails in JSON.parse.
 */

export type JsonFault = {
  readonly kind: 'depth' | 'nul' | 'surrogate' | 'number';
  readonly index: number;
};

/** Where the text of a `data` member begins and ends. */
export type TextSpan = { readonly start: number; readonly end: number };

const SKIP = 0;
const STRING = 1;
const OPEN = 2;
const CLOSE = 3;
const COLON = 4;
const COMMA = 5;
const NUMBER = 6;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const BRACE = 0x7b;
/** Shorter numbers without an exponent are always finite. */
const SAFE_NUMBER_LENGTH = 300;

const actions = new Uint8Array(128);
actions[QUOTE] = STRING;
for (const char of '{[') actions[char.charCodeAt(0)] = OPEN;
for (const char of '}]') actions[char.charCodeAt(0)] = CLOSE;
for (const char of '-0123456789') actions[char.charCodeAt(0)] = NUMBER;
actions[':'.charCodeAt(0)] = COLON;
actions[','.charCodeAt(0)] = COMMA;

export class JsonScan {
  fault: JsonFault | null = null;
  /**
   * Per object at the depth of envelopes the span of its `data`; null when it has none or names are written with escapes,
   * so that a reader must go by the parsed value.
   */
  readonly dataSpans: (TextSpan | null)[] = [];
  readonly text: string;
  readonly maxDepth: number;
  readonly envelopeDepth: number;
  #depth = 0;
  #stringStart = 0;
  #stringEnd = 0;
  #escaped = false;
  #valueStart = -1;
  #ambiguous = false;

  /** `envelopeDepth` 0: no spans wanted; 1: the text is an envelope; 2: a list of them. */
  constructor(text: string, maxDepth: number, envelopeDepth = 0) {
    this.text = text;
    this.maxDepth = maxDepth;
    this.envelopeDepth = envelopeDepth;
    this.#run();
  }

  #run(): void {
    const { text } = this;
    let i = 0;
    while (i < text.length && this.fault === null) {
      const code = text.charCodeAt(i);
      switch (actions[code] ?? SKIP) {
        case STRING:
          i = this.#skipString(i);
          break;
        case NUMBER:
          i = this.#skipNumber(i);
          break;
        case OPEN:
          this.#open(code, i);
          i += 1;
          break;
        case CLOSE:
          if (this.#depth === this.envelopeDepth) this.#endMember(i);
          this.#depth -= 1;
          i += 1;
          break;
        case COLON:
          if (this.#depth === this.envelopeDepth) this.#beginMember(i + 1);
          i += 1;
          break;
        case COMMA:
          if (this.#depth === this.envelopeDepth) this.#endMember(i);
          i += 1;
          break;
        default:
          i += 1;
      }
    }
  }

  #open(code: number, index: number): void {
    this.#depth += 1;
    if (this.#depth > this.maxDepth) this.fault = { kind: 'depth', index };
    if (this.#depth !== this.envelopeDepth || code !== BRACE) return;
    this.dataSpans.push(null);
    this.#ambiguous = false;
    this.#valueStart = -1;
  }

  #beginMember(valueStart: number): void {
    if (this.#escaped) {
      this.#ambiguous = true;
      this.#setSpan(null);
    }
    const isData =
      this.#stringEnd - this.#stringStart === 6 &&
      this.text.startsWith('"data"', this.#stringStart);
    this.#valueStart = isData ? valueStart : -1;
  }

  #endMember(end: number): void {
    if (this.#valueStart < 0) return;
    this.#setSpan(this.#ambiguous ? null : { start: this.#valueStart, end });
    this.#valueStart = -1;
  }

  #setSpan(span: TextSpan | null): void {
    if (this.dataSpans.length > 0) this.dataSpans[this.dataSpans.length - 1] = span;
  }

  #skipString(start: number): number {
    const { text } = this;
    this.#stringStart = start;
    this.#escaped = false;
    let i = start + 1;
    while (i < text.length) {
      const code = text.charCodeAt(i);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        this.#escaped = true;
        i = text.charCodeAt(i + 1) === LOWER_U ? this.#skipUnicodeEscape(i) : i + 2;
        if (this.fault !== null) break;
      } else i += 1;
    }
    this.#stringEnd = i + 1;
    return i + 1;
  }

  #skipUnicodeEscape(index: number): number {
    const unit = Number.parseInt(this.text.slice(index + 2, index + 6), 16);
    if (unit === 0) this.fault = { kind: 'nul', index };
    if (!(unit >= 0xd800 && unit <= 0xdfff)) return index + 6;
    const follows = this.text.startsWith('\\u', index + 6)
      ? Number.parseInt(this.text.slice(index + 8, index + 12), 16)
      : -1;
    if (unit <= 0xdbff && follows >= 0xdc00 && follows <= 0xdfff) return index + 12;
    this.fault = { kind: 'surrogate', index };
    return index + 6;
  }

  #skipNumber(start: number): number {
    const { text } = this;
    let i = start + 1;
    let exponent = false;
    while (i < text.length) {
      const code = text.charCodeAt(i);
      if (code === 0x65 || code === 0x45) exponent = true;
      else if (!((code >= 0x30 && code <= 0x39) || code === 0x2e || code === 0x2b || code === 0x2d))
        break;
      i += 1;
    }
    const unsure = exponent || i - start > SAFE_NUMBER_LENGTH;
    if (unsure && Math.abs(Number(text.slice(start, i))) === Number.POSITIVE_INFINITY)
      this.fault = { kind: 'number', index: start };
    return i;
  }
}

const faultTexts: Record<JsonFault['kind'], string> = {
  depth: 'is nested too deeply',
  nul: 'holds the character U+0000, which cannot be stored',
  surrogate: 'holds half of a surrogate pair, which is not valid Unicode',
  number: 'is a number beyond the range of a double',
};

/** The refusal of a fault, naming the path of the value that has it (`events[3].data.items[0].name`). */
export function jsonFaultError(
  text: string,
  fault: JsonFault,
  { root = '', maxDepth }: { readonly root?: string; readonly maxDepth: number },
): EngineError {
  const path = joinPath(root, jsonPathAt(text, fault.index, maxDepth));
  const limit = fault.kind === 'depth' ? ` (at most ${maxDepth} levels)` : '';
  return new EngineError(
    'invalid-request',
    `${path === '' ? 'the body' : path} ${faultTexts[fault.kind]}${limit}`,
    path === '' ? {} : { field: path },
  );
}

function joinPath(root: string, path: string): string {
  if (root === '') return path;
  return path === '' || path.startsWith('[') ? `${root}${path}` : `${root}.${path}`;
}

const TOKENS = /"(?:[^"\\]|\\.)*"?|[{}[\]:,]/gsy;
const PATH_STEPS_SHOWN = 12;

/** Member names and indexes that lead to the value at `index`. Slow: only for texts already refused. */
function jsonPathAt(text: string, index: number, maxDepth: number): string {
  const stack: (string | number)[] = [];
  let lastString = '';
  const tokens = new RegExp(TOKENS.source, 'gs');
  for (const match of text.matchAll(tokens)) {
    if (match.index > index || stack.length > maxDepth) break;
    const token = match[0];
    if (token === '{') stack.push('');
    else if (token === '[') stack.push(0);
    else if (token === '}' || token === ']') stack.pop();
    else if (token === ':') stack.splice(-1, 1, lastString);
    else if (token === ',') {
      const last = stack.at(-1);
      if (typeof last === 'number') stack.splice(-1, 1, last + 1);
    } else lastString = token.slice(1, token.endsWith('"') ? -1 : undefined);
  }
  const shown = stack.slice(0, PATH_STEPS_SHOWN).map(pathStep).join('');
  return (stack.length > PATH_STEPS_SHOWN ? `${shown}…` : shown).replace(/^\./, '');
}

function pathStep(step: string | number): string {
  if (typeof step === 'number') return `[${step}]`;
  return step === '' ? '' : `.${step.length > 64 ? `${step.slice(0, 64)}…` : step}`;
}
