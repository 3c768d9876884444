import { type Tone } from '#components/ui/tone.ts';
import { type DeadLetter, type LetterStatus } from '#contracts/dead-letter.ts';
import { formatQueryText } from '#lib/query-language.ts';

export const STATUS_TONE: Readonly<Record<LetterStatus, Tone>> = {
  open: 'fail',
  acknowledged: 'slow',
  retrying: 'accent',
  resolved: 'ok',
  ignored: 'neutral',
  discarded: 'neutral',
};

type LetterState = Pick<DeadLetter, 'status'>;

/** Waits for a decision: can be given back to its consumer or discarded. */
export const isWaiting = ({ status }: LetterState): boolean =>
  status === 'open' || status === 'acknowledged' || status === 'ignored';

/** Why the letter cannot be retried or discarded now; null when it can. */
export function refusal(letter: LetterState): string | null {
  if (isWaiting(letter)) return null;
  if (letter.status === 'retrying') return 'it is being retried now';
  if (letter.status === 'resolved') return 'its consumer has handled it';
  return 'it was discarded';
}

/** What people know the event by: its subject or stream, else its id. */
export const nameOf = ({ event }: Pick<DeadLetter, 'event'>): string =>
  event.subject ?? event.stream ?? event.partitionkey ?? event.id;

/** Where the letter can be seen from other sides. */
export function linksOf({ event, subscription }: Pick<DeadLetter, 'event' | 'subscription'>) {
  const flow = formatQueryText({ correlationId: event.correlationid ?? event.id });
  return {
    event: `/events?id=${encodeURIComponent(event.id)}`,
    flow: `/events?q=${encodeURIComponent(flow)}&mode=search`,
    consumer: consumerLink(subscription),
  };
}

export const consumerLink = (name: string): string => `/consumers/${encodeURIComponent(name)}`;
