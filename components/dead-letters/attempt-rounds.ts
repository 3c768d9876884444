import { type Attempt, type DeadLetter } from '#contracts/dead-letter.ts';

export type AttemptStep = {
  readonly key: string;
  /** "Attempt 1", "Retry 2". */
  readonly label: string;
  readonly attempt: Attempt;
  /** Since the attempt before it; null at the start of a round. */
  readonly afterMs: number | null;
};

/** One way through the retries: the first when the event came, each later one because a person asked. */
export type AttemptRound = { readonly title: string; readonly steps: readonly AttemptStep[] };

/** The attempts, oldest first, split where counting began anew. */
export function attemptRounds(attempts: readonly Attempt[]): readonly AttemptRound[] {
  const rounds: Attempt[][] = [];
  for (const attempt of attempts.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))) {
    const round = rounds.at(-1);
    const last = round?.at(-1);
    if (round && last && attempt.attempt > last.attempt) round.push(attempt);
    else rounds.push([attempt]);
  }
  return rounds.map((round, index) => ({
    title: index === 0 ? 'First delivery' : `Redrive ${index}`,
    steps: round.map((attempt, step) => stepOf(attempt, round[step - 1], index)),
  }));
}

/** Whether it has come back dead after somebody had it retried. */
export function hasReturned(letter: Pick<DeadLetter, 'status' | 'attempts'>): boolean {
  const isDead = letter.status === 'open' || letter.status === 'acknowledged';
  return isDead && attemptRounds(letter.attempts).length > 1;
}

function stepOf(attempt: Attempt, before: Attempt | undefined, round: number): AttemptStep {
  return {
    key: `${round}:${attempt.attempt}:${attempt.at}`,
    label: attempt.attempt === 1 ? 'Attempt 1' : `Retry ${attempt.attempt - 1}`,
    attempt,
    afterMs: before ? Date.parse(attempt.at) - Date.parse(before.at) : null,
  };
}
