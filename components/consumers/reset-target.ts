import { type ResetTarget } from '#contracts/subscription.ts';

export const TARGET_KINDS = ['earliest', 'latest', 'time', 'position', 'shift'] as const;
export type TargetKind = (typeof TARGET_KINDS)[number];

export type ResetForm = {
  readonly kind: TargetKind;
  /** As a datetime-local field has it. */
  readonly time: string;
  readonly position: string;
  readonly shift: string;
};

export const FIRST_RESET: ResetForm = { kind: 'time', time: '', position: '', shift: '-100' };

/** The target the form names, or what is missing. `isUtc`: the time was typed in UTC, otherwise in the reader's own zone. */
export function resetTarget(
  form: ResetForm,
  isUtc: boolean,
): { readonly to: ResetTarget } | { readonly problem: string } {
  switch (form.kind) {
    case 'earliest':
    case 'latest':
      return { to: form.kind };
    case 'time': {
      const time = new Date(isUtc ? `${form.time}Z` : form.time);
      return Number.isNaN(time.getTime())
        ? { problem: 'Choose a time' }
        : { to: { time: time.toISOString() } };
    }
    case 'position': {
      const position = wholeNumber(form.position);
      return position === null || position < 0
        ? { problem: 'A whole number, 0 or more' }
        : { to: { position } };
    }
    case 'shift': {
      const shiftBy = wholeNumber(form.shift);
      return shiftBy === null || shiftBy === 0
        ? { problem: 'A whole number of events, with − to go back' }
        : { to: { shiftBy } };
    }
    default:
      return form.kind satisfies never;
  }
}

/** For a datetime-local field: the instant in its zone, to the second. */
export function fieldTime(instant: Date, isUtc: boolean): string {
  const shiftMs = isUtc ? 0 : instant.getTimezoneOffset() * 60_000;
  return new Date(instant.getTime() - shiftMs).toISOString().slice(0, 19);
}

function wholeNumber(text: string): number | null {
  const trimmed = text.trim().replace('−', '-');
  const value = Number(trimmed);
  return trimmed !== '' && Number.isSafeInteger(value) ? value : null;
}
