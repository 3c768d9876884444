import { compileRegex } from './json-path-regex.ts';
import {
  type ArithmeticOperator,
  type ComparisonOperator,
  type ElementRange,
  type JsonPath,
  type PathExpression,
  type PathMethod,
  type PathPredicate,
  type PathStep,
} from './json-path-syntax.ts';
import { badPath, type Token, tokenize } from './json-path-tokens.ts';

const COMPARISONS: Readonly<Record<string, ComparisonOperator>> = {
  '==': '==',
  '=': '==',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
const METHODS: readonly PathMethod[] = ['type', 'size', 'double', 'floor', 'ceiling', 'abs'];
/** Deeper nesting is refused, so that a short text cannot exhaust the stack. */
const MAX_DEPTH = 64;

type Parsed =
  | { readonly is: 'expression'; readonly expression: PathExpression }
  | { readonly is: 'predicate'; readonly predicate: PathPredicate; readonly delimited: boolean };

/**
 * Reads an SQL/JSON path. What Postgres would refuse is refused; what Postgres would take and Weir does not evaluate by
 * itself is refused too, and the message says so. Always throws invalid-request with field `where`.
 */
export function parseJsonPath(text: string): JsonPath {
  return new PathParser(tokenize(text)).parse();
}

class PathParser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  #filters = 0;
  #subscripts = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): JsonPath {
    const mode = this.#peek().text.toLowerCase();
    const strict = this.#peek().kind === 'name' && mode === 'strict';
    if (strict || (this.#peek().kind === 'name' && mode === 'lax')) this.#next += 1;
    const parsed = this.#or();
    if (this.#peek().kind !== 'end') throw this.#unexpected();
    return {
      strict,
      expression:
        parsed.is === 'expression'
          ? parsed.expression
          : { kind: 'condition', predicate: parsed.predicate },
    };
  }

  #or(): Parsed {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw badPath('is nested too deeply.');
    let left = this.#and();
    while (this.#accept('||')) {
      const right = this.#and();
      left = predicate({
        kind: 'or',
        left: this.#asPredicate(left),
        right: this.#asPredicate(right),
      });
    }
    this.#depth -= 1;
    return left;
  }

  #and(): Parsed {
    let left = this.#not();
    while (this.#accept('&&')) {
      const right = this.#not();
      left = predicate({
        kind: 'and',
        left: this.#asPredicate(left),
        right: this.#asPredicate(right),
      });
    }
    return left;
  }

  #not(): Parsed {
    if (!this.#accept('!')) return this.#test();
    const operand = this.#peek().text === '(' ? this.#parenthesised() : this.#exists();
    if (operand === null || operand.is === 'expression') throw this.#unexpected();
    return predicate({ kind: 'not', operand: operand.predicate });
  }

  #test(): Parsed {
    const exists = this.#exists();
    if (exists !== null) return exists;
    const left = this.#sum();
    if (left.is === 'predicate') return left;
    const operand = left.expression;
    const operator = this.#peek().kind === 'symbol' ? COMPARISONS[this.#peek().text] : undefined;
    if (operator !== undefined) {
      this.#next += 1;
      const right = this.#asExpression(this.#sum());
      return predicate({ kind: 'compare', operator, left: operand, right });
    }
    if (this.#acceptWord('starts')) {
      if (!this.#acceptWord('with')) throw this.#unexpected();
      return predicate({ kind: 'starts-with', operand, initial: this.#string() });
    }
    if (this.#acceptWord('like_regex')) {
      const pattern = this.#string();
      const flags = this.#acceptWord('flag') ? this.#string() : '';
      return predicate({ kind: 'like-regex', operand, matches: compileRegex(pattern, flags) });
    }
    return left;
  }

  #exists(): Parsed | null {
    if (this.#peek().kind !== 'name' || this.#peek().text.toLowerCase() !== 'exists') return null;
    this.#next += 1;
    this.#expect('(');
    const operand = this.#asExpression(this.#or());
    this.#expect(')');
    return predicate({ kind: 'exists', operand }, true);
  }

  #sum(): Parsed {
    return this.#binary(['+', '-'], () => this.#binary(['*', '/', '%'], () => this.#signed()));
  }

  #binary(operators: readonly ArithmeticOperator[], operand: () => Parsed): Parsed {
    let left = operand();
    for (;;) {
      const symbol = this.#peek().kind === 'symbol' ? this.#peek().text : '';
      const operator = operators.find((candidate) => candidate === symbol);
      if (operator === undefined) return left;
      this.#next += 1;
      const right = this.#asExpression(operand());
      left = expression({ kind: 'arithmetic', operator, left: this.#asExpression(left), right });
    }
  }

  #signed(): Parsed {
    let negative = false;
    let signed = false;
    while (this.#peek().text === '-' || this.#peek().text === '+') {
      if (this.#peek().kind !== 'symbol') break;
      negative = this.#take().text === '-' ? !negative : negative;
      signed = true;
    }
    const operand = this.#accessed();
    return signed
      ? expression({ kind: 'sign', negative, operand: this.#asExpression(operand) })
      : operand;
  }

  #accessed(): Parsed {
    let parsed = this.#peek().text === '(' ? this.#parenthesised() : expression(this.#primary());
    for (;;) {
      const step = this.#step();
      if (step === null) return parsed;
      const target: PathExpression =
        parsed.is === 'expression'
          ? parsed.expression
          : { kind: 'condition', predicate: parsed.predicate };
      parsed = expression({ kind: 'access', target, step });
    }
  }

  #parenthesised(): Parsed {
    this.#expect('(');
    const inner = this.#or();
    this.#expect(')');
    if (inner.is === 'expression') return inner;
    if (!this.#acceptWord('is')) return predicate(inner.predicate, true);
    if (!this.#acceptWord('unknown')) throw this.#unexpected();
    return predicate({ kind: 'is-unknown', operand: inner.predicate });
  }

  #primary(): PathExpression {
    const token = this.#take();
    if (token.kind === 'string') return { kind: 'literal', value: token.text };
    if (token.kind === 'number') return { kind: 'number', text: token.text };
    if (token.kind === 'name') return this.#word(token);
    if (token.text === '@' && this.#filters > 0) return { kind: 'current' };
    if (token.text !== '$') throw this.#unexpected(token);
    const following = this.#peek();
    if (following.at === token.at + 1 && (following.kind === 'name' || following.kind === 'string'))
      throw badPath('uses a variable; there are none here.');
    return { kind: 'root' };
  }

  #word(token: Token): PathExpression {
    if (token.text === 'true') return { kind: 'literal', value: true };
    if (token.text === 'false') return { kind: 'literal', value: false };
    if (token.text === 'null') return { kind: 'literal', value: null };
    if (token.text.toLowerCase() === 'last' && this.#subscripts > 0) return { kind: 'last' };
    throw this.#unexpected(token);
  }

  #step(): PathStep | null {
    if (this.#peek().kind !== 'symbol') return null;
    if (this.#accept('.')) return this.#member();
    if (this.#accept('[')) return this.#elements();
    if (!this.#accept('?')) return null;
    this.#expect('(');
    this.#filters += 1;
    const condition = this.#asPredicate(this.#or());
    this.#filters -= 1;
    this.#expect(')');
    return { kind: 'filter', predicate: condition };
  }

  #member(): PathStep {
    const token = this.#take();
    if (token.text === '**' && token.kind === 'symbol')
      throw badPath('uses .** which is not supported here.');
    if (token.text === '*' && token.kind === 'symbol') return { kind: 'any-member' };
    if (token.kind === 'string') return { kind: 'member', name: token.text };
    if (token.kind !== 'name') throw this.#unexpected(token);
    if (!this.#accept('(')) return { kind: 'member', name: token.text };
    const method = METHODS.find((candidate) => candidate === token.text.toLowerCase());
    if (method === undefined) throw badPath(`uses .${token.text}() which is not supported here.`);
    this.#expect(')');
    return { kind: 'method', method };
  }

  #elements(): PathStep {
    if (this.#accept('*')) {
      this.#expect(']');
      return { kind: 'any-element' };
    }
    const ranges: ElementRange[] = [];
    this.#subscripts += 1;
    do {
      const from = this.#asExpression(this.#sum());
      const to = this.#acceptWord('to') ? this.#asExpression(this.#sum()) : null;
      ranges.push({ from, to });
    } while (this.#accept(','));
    this.#subscripts -= 1;
    this.#expect(']');
    return { kind: 'elements', ranges };
  }

  #string(): string {
    const token = this.#take();
    if (token.kind !== 'string') throw this.#unexpected(token);
    return token.text;
  }

  #asPredicate(parsed: Parsed): PathPredicate {
    if (parsed.is === 'predicate') return parsed.predicate;
    throw badPath('joins something that is not a comparison.');
  }

  #asExpression(parsed: Parsed): PathExpression {
    if (parsed.is === 'expression') return parsed.expression;
    throw badPath('compares or computes with a condition.');
  }

  #peek(): Token {
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)] ?? END;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }

  #accept(symbol: string): boolean {
    const token = this.#peek();
    if (token.kind !== 'symbol' || token.text !== symbol) return false;
    this.#next += 1;
    return true;
  }

  #acceptWord(word: string): boolean {
    const token = this.#peek();
    if (token.kind !== 'name' || token.text.toLowerCase() !== word) return false;
    this.#next += 1;
    return true;
  }

  #expect(symbol: string): void {
    if (!this.#accept(symbol)) throw this.#unexpected();
  }

  #unexpected(token: Token = this.#peek()) {
    return badPath(
      token.kind === 'end' ? 'ends too early.' : `does not parse at character ${token.at + 1}.`,
    );
  }
}

const END: Token = { kind: 'end', text: '', at: 0 };

const expression = (of: PathExpression): Parsed => ({ is: 'expression', expression: of });
const predicate = (of: PathPredicate, delimited = false): Parsed => ({
  is: 'predicate',
  predicate: of,
  delimited,
});
