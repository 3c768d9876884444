import { badPath } from './json-path-tokens.ts';

/*
 * like_regex for the live feed. JavaScript's own expressions can take exponential time on a pattern a user chose; these
 * are run as a set of states over the text, so that the time is bounded by pattern length times text length.
 */

type Accepts = (character: string) => boolean;
type Node =
  | { readonly kind: 'one'; readonly accepts: Accepts }
  | { readonly kind: 'start' | 'end' | 'empty' }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly min: number; readonly max: number };

type State =
  | { readonly kind: 'one'; readonly accepts: Accepts; next: number }
  | { readonly kind: 'assert'; readonly at: 'start' | 'end'; next: number }
  | { readonly kind: 'split'; next: number; other: number }
  | { readonly kind: 'match' };

type Flags = {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
  readonly multiline: boolean;
};

const MAX_STATES = 1_000;
const MAX_REPEAT = 255;
const MAX_DEPTH = 32;

/** Throws invalid-request for what is no expression and for what is not supported. */
export function compileRegex(pattern: string, flagText: string): (text: string) => boolean {
  if (!/^[imsq]*$/.test(flagText)) throw badPath(`has the unsupported flag "${flagText}".`);
  const flags: Flags = {
    ignoreCase: flagText.includes('i'),
    dotAll: flagText.includes('s'),
    multiline: flagText.includes('m'),
  };
  const node = flagText.includes('q')
    ? literal(pattern, flags)
    : new RegexParser(pattern, flags).parse();
  const states: State[] = [{ kind: 'match' }];
  const start = build(node, 0, states);
  return (text) => run(states, start, text, flags);
}

const literal = (text: string, flags: Flags): Node => ({
  kind: 'sequence',
  parts: Array.from(text).map((character) => one(character, flags)),
});

function one(character: string, flags: Flags): Node {
  if (!flags.ignoreCase) return { kind: 'one', accepts: (other) => other === character };
  const folded = character.toLowerCase();
  return { kind: 'one', accepts: (other) => other.toLowerCase() === folded };
}

const CLASSES: Readonly<Record<string, Accepts>> = {
  d: (character) => /\d/.test(character),
  D: (character) => !/\d/.test(character),
  w: (character) => /[\p{L}\p{N}_]/u.test(character),
  W: (character) => !/[\p{L}\p{N}_]/u.test(character),
  s: (character) => /\s/.test(character),
  S: (character) => !/\s/.test(character),
};
const CONTROLS: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v' };

class RegexParser {
  readonly #characters: readonly string[];
  readonly #flags: Flags;
  #next = 0;
  #depth = 0;

  constructor(pattern: string, flags: Flags) {
    this.#characters = Array.from(pattern);
    this.#flags = flags;
  }

  parse(): Node {
    const node = this.#choice();
    if (this.#next < this.#characters.length) throw unsupported('an unmatched ")"');
    return node;
  }

  #choice(): Node {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw unsupported('groups nested so deeply');
    const parts = [this.#sequence()];
    while (this.#accept('|')) parts.push(this.#sequence());
    this.#depth -= 1;
    return parts.length === 1 ? (parts[0] ?? EMPTY) : { kind: 'choice', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    for (;;) {
      const character = this.#peek();
      if (character === undefined || character === '|' || character === ')')
        return { kind: 'sequence', parts };
      parts.push(this.#repeated(this.#atom()));
    }
  }

  #repeated(part: Node): Node {
    const bounds = this.#bounds();
    if (bounds === null) return part;
    if (part.kind === 'start' || part.kind === 'end') throw unsupported('a repeated anchor');
    // Lazy or not, the same texts match.
    this.#accept('?');
    if (this.#bounds() !== null) throw unsupported('a repeated repetition');
    return { kind: 'repeat', part, ...bounds };
  }

  #bounds(): { min: number; max: number } | null {
    if (this.#accept('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#accept('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#accept('?')) return { min: 0, max: 1 };
    if (this.#peek() !== '{') return null;
    const found = /^\{(\d{1,3})(?:(,)(\d{1,3})?)?\}/.exec(
      this.#characters.slice(this.#next, this.#next + 9).join(''),
    );
    if (found === null) throw unsupported('this use of "{"');
    this.#next += found[0].length;
    const min = Number(found[1]);
    const unbounded = found[2] === undefined ? min : Number.POSITIVE_INFINITY;
    const max = found[3] === undefined ? unbounded : Number(found[3]);
    if (min > MAX_REPEAT || (max > MAX_REPEAT && max !== Number.POSITIVE_INFINITY) || min > max)
      throw unsupported('this number of repetitions');
    return { min, max };
  }

  #atom(): Node {
    const character = this.#take();
    switch (character) {
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '.':
        return { kind: 'one', accepts: (other) => this.#flags.dotAll || other !== '\n' };
      case '[':
        return { kind: 'one', accepts: this.#set() };
      case '(':
        return this.#group();
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
      case '{':
        throw unsupported(`"${character}" without something to repeat`);
      default:
        return one(character, this.#flags);
    }
  }

  #group(): Node {
    if (this.#accept('?') && !this.#accept(':')) throw unsupported('look-around');
    const inner = this.#choice();
    if (!this.#accept(')')) throw unsupported('an unmatched "("');
    return inner;
  }

  #escape(): Node {
    const character = this.#take();
    const accepts = CLASSES[character];
    return accepts === undefined
      ? one(this.#escaped(character), this.#flags)
      : { kind: 'one', accepts };
  }

  #escaped(character: string): string {
    const control = CONTROLS[character];
    if (control !== undefined) return control;
    if (/[\p{L}\p{N}]/u.test(character)) throw unsupported(`the escape \\${character}`);
    return character;
  }

  #set(): Accepts {
    const negated = this.#accept('^');
    const tests: Accepts[] = [];
    let first = true;
    while (first || this.#peek() !== ']') {
      first = false;
      tests.push(this.#setMember());
    }
    this.#next += 1;
    const fold = this.#flags.ignoreCase;
    const has = (character: string) => tests.some((accepts) => accepts(character));
    const found = (character: string) =>
      has(character) || (fold && (has(character.toLowerCase()) || has(character.toUpperCase())));
    if (!negated) return found;
    return (character) => !found(character) && (this.#flags.dotAll || character !== '\n');
  }

  #setMember(): Accepts {
    const from = this.#setCharacter();
    if (typeof from !== 'string') return from;
    const following = this.#characters[this.#next + 1];
    if (this.#peek() !== '-' || following === ']' || following === undefined)
      return (character) => character === from;
    this.#next += 1;
    const to = this.#setCharacter();
    if (typeof to !== 'string' || to < from) throw unsupported('this range of characters');
    return (character) => character >= from && character <= to;
  }

  #setCharacter(): string | Accepts {
    const character = this.#take();
    if (character === '[' && /[:.=]/.test(this.#peek() ?? '')) throw unsupported('named classes');
    if (character !== '\\') return character;
    const escaped = this.#take();
    return CLASSES[escaped] ?? this.#escaped(escaped);
  }

  #peek(): string | undefined {
    return this.#characters[this.#next];
  }

  #take(): string {
    const character = this.#peek();
    if (character === undefined) throw unsupported('an end in the middle');
    this.#next += 1;
    return character;
  }

  #accept(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#next += 1;
    return true;
  }
}

const EMPTY: Node = { kind: 'empty' };

const unsupported = (what: string) =>
  badPath(`has a regular expression with ${what}, which is not supported here.`);

/** Adds the states of a node that goes on at `next`; answers where it begins. */
function build(node: Node, next: number, states: State[]): number {
  if (states.length > MAX_STATES) throw unsupported('so many parts');
  const add = (state: State) => states.push(state) - 1;
  switch (node.kind) {
    case 'one':
      return add({ kind: 'one', accepts: node.accepts, next });
    case 'start':
    case 'end':
      return add({ kind: 'assert', at: node.kind, next });
    case 'empty':
      return next;
    case 'sequence':
      return node.parts.reduceRight((following, part) => build(part, following, states), next);
    case 'choice':
      return node.parts
        .map((part) => build(part, next, states))
        .reduce((other, begin) => add({ kind: 'split', next: begin, other }));
    case 'repeat':
    default:
      return buildRepeat(node, next, states);
  }
}

function buildRepeat(
  node: { readonly part: Node; readonly min: number; readonly max: number },
  next: number,
  states: State[],
): number {
  let begin = next;
  if (node.max === Number.POSITIVE_INFINITY) {
    const loop: State = { kind: 'split', next: 0, other: next };
    begin = states.push(loop) - 1;
    loop.next = build(node.part, begin, states);
  } else {
    for (let count = node.min; count < node.max; count += 1)
      begin =
        states.push({ kind: 'split', next: build(node.part, begin, states), other: next }) - 1;
  }
  for (let count = 0; count < node.min; count += 1) begin = build(node.part, begin, states);
  return begin;
}

/** Whether the expression matches anywhere in the text. */
function run(states: readonly State[], start: number, text: string, flags: Flags): boolean {
  const characters = Array.from(text);
  let active = new Set<number>();
  for (let at = 0; at <= characters.length; at += 1) {
    const isAtStart = at === 0 || (flags.multiline && characters[at - 1] === '\n');
    const isAtEnd = at === characters.length || (flags.multiline && characters[at] === '\n');
    const reached = closure(states, [...active, start], isAtStart, isAtEnd);
    if (reached === null) return true;
    const character = characters[at];
    active = new Set();
    for (const index of reached) {
      const state = states[index];
      if (character !== undefined && state?.kind === 'one' && state.accepts(character))
        active.add(state.next);
    }
  }
  return false;
}

/** Every state that can be reached without a character; null when that is a match. */
function closure(
  states: readonly State[],
  from: readonly number[],
  isAtStart: boolean,
  isAtEnd: boolean,
): Set<number> | null {
  const reached = new Set<number>();
  const waiting = [...from];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    const state = states[index];
    if (state === undefined || reached.has(index)) continue;
    if (state.kind === 'match') return null;
    reached.add(index);
    if (state.kind === 'split') waiting.push(state.next, state.other);
    if (state.kind === 'assert' && (state.at === 'start' ? isAtStart : isAtEnd))
      waiting.push(state.next);
  }
  return reached;
}
