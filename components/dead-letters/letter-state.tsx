'use client';
import { CircleCheck, CornerDownLeft, EyeOff, Trash2 } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { cn } from '#components/ui/cn.ts';
import { Spinner } from '#components/ui/spinner.tsx';
import { Time } from '#components/ui/time.tsx';
import { toast } from '#components/ui/toast.tsx';
import { TONE_TEXT, type Tone } from '#components/ui/tone.ts';
import { type DeadLetter, type LetterStatus } from '#contracts/dead-letter.ts';
import { hasReturned } from './attempt-rounds.ts';
import { nameOf } from './letter-words.ts';

/** How the letter stands when that is more than "waits", and the news when a retry ends. */
export function LetterState({ letter }: { letter: DeadLetter }) {
  useOutcomeNews(letter);
  const { status, subscription } = letter;
  if (status === 'retrying') {
    return (
      <Line tone="accent" icon={<Spinner />}>
        Given back to {subscription}, which tries again as often as before. Resolved once it
        acknowledges.
      </Line>
    );
  }
  if (status === 'resolved') {
    return (
      <Line tone="ok" icon={<CircleCheck />}>
        Resolved <Time at={letter.resolvedAt} />: {subscription} has handled it.
      </Line>
    );
  }
  if (status === 'discarded') {
    return (
      <Line tone="neutral" icon={<Trash2 />}>
        Discarded <Time at={letter.resolvedAt} />: {letter.reason ?? 'no reason given'}
      </Line>
    );
  }
  if (status === 'ignored') {
    return (
      <Line tone="neutral" icon={<EyeOff />}>
        Ignored: group redrives leave it out. It can still be retried by itself.
      </Line>
    );
  }
  if (!hasReturned(letter)) return null;
  return (
    <Line tone="fail" icon={<CornerDownLeft />}>
      Came back dead <Time at={letter.deadAt} /> after it was retried.
    </Line>
  );
}

function Line(props: { tone: Tone; icon: ReactNode; children: ReactNode }) {
  return (
    <p
      role="status"
      className="flex items-start gap-2 rounded-m border border-line bg-raised px-3 py-2 text-s text-text-2 [&_svg]:mt-0.5 [&_svg]:size-3.5 [&_svg]:shrink-0"
    >
      <span className={cn('contents', TONE_TEXT[props.tone])}>{props.icon}</span>
      <span>{props.children}</span>
    </p>
  );
}

/** Tells how a retry ended that was seen under way. */
function useOutcomeNews(letter: DeadLetter): void {
  const before = useRef<LetterStatus>(letter.status);
  const name = nameOf(letter);
  const { status, subscription } = letter;
  useEffect(() => {
    const wasRetrying = before.current === 'retrying';
    before.current = status;
    if (!wasRetrying) return;
    if (status === 'resolved')
      toast.done(`${name} is resolved`, { detail: `${subscription} has handled it.` });
    if (status === 'open' || status === 'acknowledged') toast.failed(`${name} came back dead`);
  }, [status, name, subscription]);
}
