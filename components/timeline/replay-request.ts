import { type ReplayInput } from '#lib/api/operations.ts';
import { type TimeRange } from './time-range.ts';

/** How fast a replay runs: at a rate, at a multiple of the original pace, or as fast as its target takes it. */
export type ReplayPace = 'rate' | 'speed' | 'unlimited';

export type ReplayForm = {
  readonly target: string | null;
  readonly types: string;
  readonly pace: ReplayPace;
  readonly ratePerSecond: string;
  readonly speed: string;
  readonly reason: string;
};

export const FIRST_FORM: ReplayForm = {
  target: null,
  types: '',
  pace: 'rate',
  ratePerSecond: '100',
  speed: '1',
  reason: '',
};

const RATE_MAX = 100_000;
const SPEED_MAX = 10_000;

const splitTypes = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

const isWithin = (text: string, min: number, max: number): boolean =>
  Number.isFinite(Number(text)) && Number(text) >= min && Number(text) <= max;

/** Why the form cannot be sent, by field; empty when it can. */
export const formProblems = (
  form: ReplayForm,
): { readonly target?: string; readonly pace?: string } => ({
  ...(form.target === null ? { target: 'Choose a consumer' } : {}),
  ...(form.pace === 'rate' && !isWithin(form.ratePerSecond, 0.1, RATE_MAX)
    ? { pace: 'From 0.1 to 100,000 per second' }
    : {}),
  ...(form.pace === 'speed' && !isWithin(form.speed, 0.01, SPEED_MAX)
    ? { pace: 'From 0.01 to 10,000 times' }
    : {}),
});

/** The request of a form that is whole; null while something is missing. */
export const replayRequest = (form: ReplayForm, range: TimeRange): ReplayInput | null => {
  if (form.target === null || Object.keys(formProblems(form)).length > 0) return null;
  const types = splitTypes(form.types);
  return {
    from: new Date(Math.ceil(range.from)).toISOString(),
    to: new Date(Math.floor(range.to)).toISOString(),
    target: { subscription: form.target },
    ...(types.length > 0 ? { filter: { type: types } } : {}),
    ...(form.pace === 'rate' ? { ratePerSecond: Number(form.ratePerSecond) } : {}),
    ...(form.pace === 'speed' ? { speed: Number(form.speed) } : {}),
    ...(form.reason.trim() ? { reason: form.reason.trim() } : {}),
  };
};
