/*
 * The SQL/JSON path language as far as Weir evaluates it itself: a tree, and nothing of how it is evaluated.
 */

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';
export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type PathMethod = 'type' | 'size' | 'double' | 'floor' | 'ceiling' | 'abs';

/** Gives a sequence of items. */
export type PathExpression =
  | { readonly kind: 'root' }
  | { readonly kind: 'current' }
  | { readonly kind: 'last' }
  | { readonly kind: 'literal'; readonly value: string | boolean | null }
  | { readonly kind: 'number'; readonly text: string }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly left: PathExpression;
      readonly right: PathExpression;
    }
  | {
      readonly kind: 'sign';
      readonly negative: boolean;
      readonly operand: PathExpression;
    }
  | { readonly kind: 'condition'; readonly predicate: PathPredicate }
  | { readonly kind: 'access'; readonly target: PathExpression; readonly step: PathStep };

export type PathStep =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'any-member' }
  | { readonly kind: 'any-element' }
  | { readonly kind: 'elements'; readonly ranges: readonly ElementRange[] }
  | { readonly kind: 'filter'; readonly predicate: PathPredicate }
  | { readonly kind: 'method'; readonly method: PathMethod };

/** `to` null: one element. */
export type ElementRange = { readonly from: PathExpression; readonly to: PathExpression | null };

/** Is true, false or unknown. */
export type PathPredicate =
  | {
      readonly kind: 'compare';
      readonly operator: ComparisonOperator;
      readonly left: PathExpression;
      readonly right: PathExpression;
    }
  | { readonly kind: 'and' | 'or'; readonly left: PathPredicate; readonly right: PathPredicate }
  | { readonly kind: 'not'; readonly operand: PathPredicate }
  | { readonly kind: 'is-unknown'; readonly operand: PathPredicate }
  | { readonly kind: 'exists'; readonly operand: PathExpression }
  | { readonly kind: 'starts-with'; readonly operand: PathExpression; readonly initial: string }
  | {
      readonly kind: 'like-regex';
      readonly operand: PathExpression;
      readonly matches: (text: string) => boolean;
    };

export type JsonPath = { readonly strict: boolean; readonly expression: PathExpression };
