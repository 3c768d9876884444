'use client';
import { cn } from '#components/ui/cn.ts';
import { Time } from '#components/ui/time.tsx';
import { TONE_TEXT, type Tone } from '#components/ui/tone.ts';
import { formatDuration } from '#lib/format/duration.ts';
import { type AttemptRound } from './attempt-rounds.ts';

export type AttemptEnd = {
  readonly label: string;
  readonly tone: Tone;
  readonly at: string | null;
};

/** One round of attempts as a line from the first to its end; each attempt can be chosen. */
export function AttemptStrip(props: {
  round: AttemptRound;
  isOnly: boolean;
  ends: readonly AttemptEnd[];
  chosenKey: string;
  onChoose: (key: string) => void;
}) {
  const { round } = props;
  return (
    <div>
      {props.isOnly ? null : <p className="mb-1 text-xs text-text-3">{round.title}</p>}
      <ol
        aria-label={`Attempts, ${round.title}`}
        className="m-0 flex list-none overflow-x-auto border-t-2 border-fail p-0"
      >
        {round.steps.map((step) => (
          <li key={step.key} className="min-w-16 flex-1 first:min-w-[92px]">
            <button
              type="button"
              aria-pressed={step.key === props.chosenKey}
              onClick={() => props.onChoose(step.key)}
              className="w-full rounded-b-m border-t-2 border-transparent px-2 pt-1.5 pb-1 text-left -outline-offset-2 hover:bg-line/40 aria-pressed:-mt-0.5 aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:pt-2"
            >
              <span className="block text-s text-text">{step.label}</span>
              <span className="num block text-xs whitespace-nowrap text-text-3">
                {step.afterMs === null ? (
                  <Time at={step.attempt.at} />
                ) : (
                  `+${formatDuration(step.afterMs)}`
                )}
              </span>
            </button>
          </li>
        ))}
        {props.ends.map((end) => (
          <li
            key={end.label}
            className="min-w-14 flex-1 border-t-2 border-transparent px-2 pt-1.5 pb-1 sm:min-w-[92px]"
          >
            <span className={cn('block text-s', TONE_TEXT[end.tone])}>{end.label}</span>
            <span className="block text-xs text-text-3 max-sm:hidden">
              {end.at ? <Time at={end.at} /> : null}
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}
