import { type Subscription, subscriptionNameSchema } from '#contracts/subscription.ts';
import { type SubscriptionDraft } from '#lib/api/subscriptions.ts';

export const GUARANTEES = ['at-least-once', 'at-most-once', 'effectively-once'] as const;
export type Guarantee = (typeof GUARANTEES)[number];

export type SubscriptionForm = {
  readonly name: string;
  readonly topics: readonly string[];
  readonly types: readonly string[];
  readonly guarantee: Guarantee;
  readonly visibilityMs: string;
  readonly maxRetries: string;
  readonly baseMs: string;
  readonly factor: string;
  readonly maxMs: string;
  readonly start: 'earliest' | 'latest';
};

export const FIRST_FORM: SubscriptionForm = {
  name: '',
  topics: [],
  types: [],
  guarantee: 'at-least-once',
  visibilityMs: '30000',
  maxRetries: '3',
  baseMs: '1000',
  factor: '2',
  maxMs: '300000',
  start: 'latest',
};

export type FormProblems = Partial<Record<keyof SubscriptionForm, string>>;

const NUMBERS = [
  { field: 'visibilityMs', min: 100, max: 43_200_000, isWhole: true },
  { field: 'maxRetries', min: 0, max: 100, isWhole: true },
  { field: 'baseMs', min: 1, max: 86_400_000, isWhole: true },
  { field: 'factor', min: 1, max: 10, isWhole: false },
  { field: 'maxMs', min: 1, max: 604_800_000, isWhole: true },
] as const;

/** What is wrong with the form, by field. Making one must not change one that exists. */
export function formProblems(
  form: SubscriptionForm,
  existing: readonly Pick<Subscription, 'name'>[],
): FormProblems {
  const problems: FormProblems = {};
  const name = subscriptionNameSchema.safeParse(form.name);
  if (!name.success) problems.name = 'Letters, digits, ".", "_" and "-", at most 100';
  else if (existing.some((one) => one.name === form.name)) problems.name = 'There is one already';
  for (const { field, min, max, isWhole } of NUMBERS) {
    const value = Number(form[field]);
    const isFine =
      form[field].trim() !== '' &&
      value >= min &&
      value <= max &&
      (!isWhole || Number.isInteger(value));
    if (!isFine) problems[field] = `${isWhole ? 'A whole number' : 'A number'}, ${min} to ${max}`;
  }
  return problems;
}

/** The request; empty lists are left out, which matches all. */
export function draftOf(form: SubscriptionForm): SubscriptionDraft {
  return {
    filter: {
      ...(form.topics.length > 0 ? { topics: [...form.topics] } : {}),
      ...(form.types.length > 0 ? { types: [...form.types] } : {}),
    },
    delivery: { kind: 'pull', visibilityMs: Number(form.visibilityMs) },
    guarantee: form.guarantee,
    retry: {
      maxRetries: Number(form.maxRetries),
      baseMs: Number(form.baseMs),
      factor: Number(form.factor),
      maxMs: Number(form.maxMs),
    },
    start: form.start,
  };
}

/** Three commands that consume by hand: receive, acknowledge, reject. */
export function curlLines(origin: string, name: string) {
  const root = `${origin}/api/v1/subscriptions/${encodeURIComponent(name)}`;
  const post = (verb: string, body: string) =>
    `curl -sX POST ${root}/${verb} \\\n  -H 'content-type: application/json' \\\n  -d '${body}'`;
  return [
    { label: 'Receive', command: post('receive', '{"max":10,"waitMs":5000}') },
    { label: 'Acknowledge', command: post('ack', '{"deliveryIds":["<deliveryId>"]}') },
    {
      label: 'Reject',
      command: post('nack', '{"deliveryId":"<deliveryId>","error":"could not handle it"}'),
    },
  ] as const;
}
