'use client';
import { useState } from 'react';
import { CodeBlock } from '#components/ui/code-block.tsx';
import { type DeadLetter } from '#contracts/dead-letter.ts';
import { AttemptError } from './attempt-error.tsx';
import { type AttemptStep, attemptRounds } from './attempt-rounds.ts';
import { AttemptStrip } from './attempt-strip.tsx';

/** The way to the end, attempt by attempt, and the error of the one that is chosen; the last unless another is. */
export function LetterAttempts({ letter }: { letter: DeadLetter }) {
  const rounds = attemptRounds(letter.attempts);
  const steps = rounds.flatMap((round) => round.steps);
  const [chosenKey, setChosenKey] = useState<string | null>(null);
  const chosen: AttemptStep | undefined =
    steps.find((step) => step.key === chosenKey) ?? steps.at(-1);
  if (!chosen) {
    return (
      <CodeBlock label="Error">
        {letter.errorClass}: {letter.errorMessage}
      </CodeBlock>
    );
  }
  return (
    <div className="flex flex-col gap-3">
      {rounds.map((round, index) => (
        <AttemptStrip
          key={round.steps[0]?.key}
          round={round}
          isOnly={rounds.length === 1}
          end={endOf(letter, index === rounds.length - 1)}
          chosenKey={chosen.key}
          onChoose={setChosenKey}
        />
      ))}
      <AttemptError step={chosen} />
    </div>
  );
}

/** How a round of attempts ended; null while it goes on. A letter that was handled at last ends so, not dead. */
function endOf(letter: DeadLetter, isLast: boolean) {
  if (!isLast) return { label: 'Dead', tone: 'fail', at: null } as const;
  if (letter.status === 'resolved') {
    return { label: 'Handled', tone: 'ok', at: letter.resolvedAt } as const;
  }
  if (letter.status === 'retrying')
    return { label: 'Retrying …', tone: 'accent', at: null } as const;
  return { label: 'Dead', tone: 'fail', at: letter.deadAt } as const;
}
