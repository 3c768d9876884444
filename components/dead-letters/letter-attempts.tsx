'use client';
import { useState } from 'react';
import { CodeBlock } from '#components/ui/code-block.tsx';
import { type DeadLetter } from '#contracts/dead-letter.ts';
import { AttemptError } from './attempt-error.tsx';
import { type AttemptRound, type AttemptStep, attemptRounds } from './attempt-rounds.ts';
import { type AttemptEnd, AttemptStrip } from './attempt-strip.tsx';

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
          ends={endsOf(letter, round, index === rounds.length - 1)}
          chosenKey={chosen.key}
          onChoose={setChosenKey}
        />
      ))}
      <AttemptError step={chosen} />
    </div>
  );
}

/** What came after the last attempt of a round: that it was dead, and then perhaps that it was given back or handled. */
function endsOf(letter: DeadLetter, round: AttemptRound, isLast: boolean): readonly AttemptEnd[] {
  const lastAt = round.steps.at(-1)?.attempt.at ?? letter.deadAt;
  const dead: AttemptEnd = { label: 'Dead', tone: 'fail', at: lastAt };
  if (!isLast) return [dead];
  // An attempt after it died last belongs to a retry that was handled, or goes on.
  const before = Date.parse(lastAt) > Date.parse(letter.deadAt) ? [] : [dead];
  if (letter.status === 'resolved') {
    return [...before, { label: 'Handled', tone: 'ok', at: letter.resolvedAt }];
  }
  if (letter.status === 'retrying') {
    return [...before, { label: 'Retrying …', tone: 'accent', at: null }];
  }
  return [dead];
}
