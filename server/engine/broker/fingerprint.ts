import { createHash } from 'node:crypto';
import { type Failure } from './failure.ts';

const FINGERPRINT_LENGTH = 16;
const MAX_NORMALISED_LENGTH = 500;
const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;
const QUOTED = /"[^"]{0,200}"|'[^']{0,200}'|`[^`]{0,200}`/g;
const HEX = /\b(?:0x[0-9a-f]+|(?=[0-9a-f]*\d)[0-9a-f]{8,})\b/gi;
const NUMBER = /\d+(?:[.,]\d+)*/g;
const FRAME = /^\s*at\s/;
const OUTSIDE_FRAME = /node:internal|node_modules|\/server\/engine\//;

export type Cause = {
  readonly fingerprint: string;
  /** The message with what differs from event to event replaced. */
  readonly message: string;
  readonly topFrame: string | null;
};

/** What letters of one cause have in common: subscription, error class, normalised message and top frame of the handler's code. */
export function causeOf(subscription: string, failure: Failure): Cause {
  const message = normaliseMessage(failure.message);
  const topFrame = topFrameOf(failure.stack);
  const fingerprint = createHash('sha256')
    .update([subscription, failure.errorClass, message, withoutLine(topFrame)].join('\n'))
    .digest('hex')
    .slice(0, FINGERPRINT_LENGTH);
  return { fingerprint, message, topFrame };
}

export function normaliseMessage(message: string): string {
  return message
    .slice(0, MAX_NORMALISED_LENGTH)
    .replace(UUID, '<id>')
    .replace(QUOTED, '…')
    .replace(HEX, '<hex>')
    .replace(NUMBER, 'N');
}

function topFrameOf(stack: string | null): string | null {
  if (stack === null) return null;
  const frame = stack.split('\n').find((line) => FRAME.test(line) && !OUTSIDE_FRAME.test(line));
  return frame === undefined ? null : frame.replace(FRAME, '').trim();
}

/** A line that moved in the file is the same cause still. */
function withoutLine(frame: string | null): string {
  return frame === null ? '' : frame.replace(/:\d+:\d+\)?$/, '');
}
