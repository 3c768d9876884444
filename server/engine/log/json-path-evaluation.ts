import {
  absolute,
  approximate,
  compareDecimals,
  computeDecimal,
  negated,
  parseDecimal,
  toIndex,
  wholeDecimal,
} from './decimal.ts';
import { decimalOf, ExactNumber, isPathNumber, type PathNumber } from './json-path-numbers.ts';
import {
  type ComparisonOperator,
  type ElementRange,
  type JsonPath,
  type PathExpression,
  type PathMethod,
  type PathPredicate,
  type PathStep,
} from './json-path-syntax.ts';

/** Why a path has no value here; inside a predicate it makes the predicate unknown. */
class PathError extends Error {}

type Truth = boolean | null;
type Scope = {
  readonly strict: boolean;
  readonly root: unknown;
  readonly current: unknown;
  /** Index of the last element of the innermost array that is being subscripted. */
  readonly last: number;
};

/**
 * Postgres's `data @@ path`: true when the path gives exactly one item and it is true. Errors are silent, and what was
 * found before one counts.
 */
export function matchesJsonPath(path: JsonPath, data: unknown): boolean {
  const found: unknown[] = [];
  const scope = { strict: path.strict, root: data, current: data, last: -1 };
  try {
    for (const item of evaluate(path.expression, scope)) {
      found.push(item);
      if (found.length > 1) return false;
    }
  } catch (error) {
    if (!(error instanceof PathError)) throw error;
  }
  return found.length === 1 && found[0] === true;
}

function* evaluate(expression: PathExpression, scope: Scope): Generator {
  switch (expression.kind) {
    case 'root':
      yield scope.root;
      return;
    case 'current':
      yield scope.current;
      return;
    case 'last':
      yield scope.last;
      return;
    case 'literal':
      yield expression.value;
      return;
    case 'number':
      yield numberOf(expression.text);
      return;
    case 'sign':
      for (const item of unwrapped(expression.operand, scope)) {
        if (!isPathNumber(item)) throw new PathError();
        yield expression.negative ? new ExactNumber(negated(decimalOf(item))) : item;
      }
      return;
    case 'arithmetic': {
      const left = singleNumber(unwrapped(expression.left, scope));
      const right = singleNumber(unwrapped(expression.right, scope));
      const result = computeDecimal(expression.operator, decimalOf(left), decimalOf(right));
      if (result === null) throw new PathError();
      yield new ExactNumber(result);
      return;
    }
    case 'condition':
      yield test(expression.predicate, scope);
      return;
    case 'access':
      for (const item of evaluate(expression.target, scope))
        yield* take(expression.step, item, scope, !scope.strict);
  }
}

function numberOf(text: string): PathNumber {
  const decimal = parseDecimal(text);
  if (decimal === null) throw new PathError();
  return new ExactNumber(decimal);
}

/** In lax mode the elements of arrays stand for the arrays, one level deep. */
function unwrapped(expression: PathExpression, scope: Scope): unknown[] {
  const items = [...evaluate(expression, scope)];
  return scope.strict ? items : items.flatMap((item) => (Array.isArray(item) ? item : [item]));
}

function singleNumber(items: readonly unknown[]): PathNumber {
  const [item] = items;
  if (items.length !== 1 || !isPathNumber(item)) throw new PathError();
  return item;
}

const isObject = (item: unknown): item is Readonly<Record<string, unknown>> =>
  typeof item === 'object' && item !== null && !Array.isArray(item) && !isPathNumber(item);

function* take(step: PathStep, item: unknown, scope: Scope, mayUnwrap: boolean): Generator {
  if (mayUnwrap && Array.isArray(item) && unwrapsTarget(step)) {
    for (const element of item) yield* take(step, element, scope, false);
    return;
  }
  switch (step.kind) {
    case 'member':
    case 'any-member':
      yield* members(step, item, scope);
      return;
    case 'any-element':
      if (!Array.isArray(item) && scope.strict) throw new PathError();
      yield* Array.isArray(item) ? item : [item];
      return;
    case 'elements':
      yield* elements(step.ranges, item, scope);
      return;
    case 'filter':
      if (test(step.predicate, { ...scope, current: item }) === true) yield item;
      return;
    case 'method':
      yield call(step.method, item, scope);
  }
}

function members(
  step: Extract<PathStep, { kind: 'member' | 'any-member' }>,
  item: unknown,
  scope: Scope,
): readonly unknown[] {
  if (isObject(item)) {
    if (step.kind === 'any-member') return Object.values(item);
    if (Object.hasOwn(item, step.name)) return [item[step.name]];
  }
  if (scope.strict) throw new PathError();
  return [];
}

const unwrapsTarget = (step: PathStep): boolean =>
  step.kind === 'member' ||
  step.kind === 'any-member' ||
  step.kind === 'filter' ||
  (step.kind === 'method' && step.method !== 'type' && step.method !== 'size');

function* elements(ranges: readonly ElementRange[], item: unknown, scope: Scope): Generator {
  if (!Array.isArray(item) && scope.strict) throw new PathError();
  const array: readonly unknown[] = Array.isArray(item) ? item : [item];
  const inner = { ...scope, last: array.length - 1 };
  for (const range of ranges) {
    const from = indexOf(range.from, inner);
    const to = range.to === null ? from : indexOf(range.to, inner);
    if (scope.strict && (from < 0 || from > to || to >= array.length)) throw new PathError();
    yield* array.slice(Math.max(0, from), Math.max(0, Math.min(array.length, to + 1)));
  }
}

function indexOf(expression: PathExpression, scope: Scope): number {
  const index = toIndex(decimalOf(singleNumber([...evaluate(expression, scope)])));
  if (index === null) throw new PathError();
  return index;
}

function call(method: PathMethod, item: unknown, scope: Scope): unknown {
  switch (method) {
    case 'type':
      return typeName(item);
    case 'size':
      if (!Array.isArray(item) && scope.strict) throw new PathError();
      return Array.isArray(item) ? item.length : 1;
    case 'double':
      return toDouble(item);
    case 'abs':
      return new ExactNumber(absolute(decimalOf(singleNumber([item]))));
    case 'floor':
    case 'ceiling':
    default:
      return new ExactNumber(wholeDecimal(decimalOf(singleNumber([item])), method));
  }
}

function typeName(item: unknown): string {
  if (item === null) return 'null';
  if (Array.isArray(item)) return 'array';
  return isPathNumber(item) ? 'number' : typeof item;
}

const DOUBLE = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;
const DOUBLE_DIGITS = 15;

function toDouble(item: unknown): PathNumber {
  if (isPathNumber(item)) {
    if (!Number.isFinite(approximate(decimalOf(item)))) throw new PathError();
    return item;
  }
  const value = typeof item === 'string' && DOUBLE.test(item) ? Number(item) : Number.NaN;
  if (!Number.isFinite(value)) throw new PathError();
  return Number(value.toPrecision(DOUBLE_DIGITS));
}

function test(predicate: PathPredicate, scope: Scope): Truth {
  switch (predicate.kind) {
    case 'and': {
      const left = test(predicate.left, scope);
      if (left === false) return false;
      const right = test(predicate.right, scope);
      return right === true ? left : right;
    }
    case 'or': {
      const left = test(predicate.left, scope);
      if (left === true) return true;
      const right = test(predicate.right, scope);
      return right === false ? left : right;
    }
    case 'not': {
      const operand = test(predicate.operand, scope);
      return operand === null ? null : !operand;
    }
    case 'is-unknown':
      return test(predicate.operand, scope) === null;
    case 'exists':
      return unknownOnError(() => exists(predicate.operand, scope));
    case 'compare':
      return unknownOnError(() => {
        const right = unwrapped(predicate.right, scope);
        const compareAll = (left: unknown) =>
          right.map((item) => compare(predicate.operator, left, item));
        return anyOf(unwrapped(predicate.left, scope).flatMap(compareAll), scope.strict);
      });
    case 'starts-with':
      return testTexts(predicate.operand, scope, (text) => text.startsWith(predicate.initial));
    case 'like-regex':
    default:
      return testTexts(predicate.operand, scope, predicate.matches);
  }
}

function exists(operand: PathExpression, scope: Scope): boolean {
  // Strict mode must see every item, for an error in any of them makes the answer unknown.
  if (scope.strict) return [...evaluate(operand, scope)].length > 0;
  return evaluate(operand, scope).next().done !== true;
}

const testTexts = (
  operand: PathExpression,
  scope: Scope,
  matches: (text: string) => boolean,
): Truth =>
  unknownOnError(() =>
    anyOf(
      unwrapped(operand, scope).map((item) => (typeof item === 'string' ? matches(item) : null)),
      scope.strict,
    ),
  );

function unknownOnError(work: () => Truth): Truth {
  try {
    return work();
  } catch (error) {
    if (error instanceof PathError) return null;
    throw error;
  }
}

/** In strict mode anything unknown decides, in lax mode anything true. */
function anyOf(results: readonly Truth[], strict: boolean): Truth {
  const isTrue = results.includes(true);
  if (isTrue && !strict) return true;
  return results.includes(null) ? null : isTrue;
}

function compare(operator: ComparisonOperator, left: unknown, right: unknown): Truth {
  if (typeName(left) !== typeName(right))
    return left === null || right === null ? operator === '!=' : null;
  const order = orderOf(left, right);
  if (order === null) return null;
  switch (operator) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
    default:
      return order >= 0;
  }
}

/** Null: arrays and objects have no order. */
function orderOf(left: unknown, right: unknown): number | null {
  if (isPathNumber(left) && isPathNumber(right))
    return typeof left === 'number' && typeof right === 'number'
      ? left - right
      : compareDecimals(decimalOf(left), decimalOf(right));
  if (typeof left === 'string' && typeof right === 'string')
    return left === right ? 0 : Buffer.compare(Buffer.from(left), Buffer.from(right));
  if (typeof left === 'boolean') return Number(left) - Number(right);
  return left === null ? 0 : null;
}
