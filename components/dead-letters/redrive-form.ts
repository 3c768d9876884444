import { type DeadLetterGroup } from '#contracts/dead-letter.ts';
import { type RedriveInput } from '#lib/api/operations.ts';

/** What stands in the fields, as typed. */
export type RedriveForm = {
  readonly ratePerSecond: string;
  readonly stopAtPercent: string;
  readonly isCanary: boolean;
  readonly reason: string;
};

export type FormProblems = { readonly rate?: string; readonly stop?: string };

/** All of a group that waits, or some letters. */
export type RedriveScope =
  | { readonly type: 'group' }
  | { readonly type: 'letters'; readonly ids: readonly string[] };

const RATE_MIN = 0.1;
const RATE_MAX = 10_000;
/** Unasked, a redrive takes about this long … */
const COMFORTABLE_SECONDS = 30;
/** … but is neither slower nor faster than this. */
const SLOWEST = 2;
const FASTEST = 50;
const CANARY_FROM = 20;
const STOP_AT_PERCENT = '50';

/** Careful settings for so many letters. */
export function firstForm(letters: number): RedriveForm {
  const rate = Math.ceil(letters / COMFORTABLE_SECONDS);
  return {
    ratePerSecond: String(Math.min(Math.max(rate, SLOWEST), FASTEST)),
    stopAtPercent: STOP_AT_PERCENT,
    isCanary: letters >= CANARY_FROM,
    reason: '',
  };
}

export function formProblems(form: RedriveForm): FormProblems {
  const rate = numberOf(form.ratePerSecond);
  const stop = numberOf(form.stopAtPercent);
  return {
    ...(rate !== null && !(rate >= RATE_MIN && rate <= RATE_MAX)
      ? { rate: `a number from ${RATE_MIN} to ${RATE_MAX}` }
      : {}),
    ...(stop !== null && !(stop >= 0 && stop <= 100) ? { stop: 'a number from 0 to 100' } : {}),
  };
}

/** What to ask the server; null while the form is not right. */
export function redriveRequest(
  form: RedriveForm,
  group: Pick<DeadLetterGroup, 'fingerprint'>,
  scope: RedriveScope,
): RedriveInput | null {
  if (Object.keys(formProblems(form)).length > 0) return null;
  const rate = numberOf(form.ratePerSecond);
  const stop = numberOf(form.stopAtPercent);
  const reason = form.reason.trim();
  return {
    ...(scope.type === 'group'
      ? { filter: { fingerprint: group.fingerprint } }
      : { ids: [...scope.ids] }),
    ...(rate === null ? {} : { ratePerSecond: rate }),
    ...(stop === null ? {} : { stopAtFailureRate: stop / 100 }),
    ...(form.isCanary ? { canary: true } : {}),
    ...(reason === '' ? {} : { reason }),
  };
}

/** Null when nothing was typed; NaN when it is no number. */
function numberOf(text: string): number | null {
  const typed = text.trim().replace(',', '.');
  return typed === '' ? null : Number(typed);
}
