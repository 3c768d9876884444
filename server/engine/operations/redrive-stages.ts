/*
 * A redrive goes in stages, so that a cure that is none harms few letters: a stage begins when the one before it has settled
 * whole, and only while the share of failures stays within the limit.
 */

const FIRST_STAGE = 1;
const SECOND_STAGE = 10;
/** Fewer outcomes than this prove nothing about a rate, except when they are all there are. */
const FEWEST_OUTCOMES_TO_JUDGE = 10;

/** Sizes of the stages: `true` is 1, 10 and the rest, a number is that many and the rest, `false` is all at once. */
export function stageSizes(total: number, canary: boolean | number): readonly number[] {
  const wanted = canaryStages(canary);
  const sizes: number[] = [];
  let left = total;
  for (const size of [...wanted, total]) {
    const taken = Math.min(size, left);
    if (taken > 0) sizes.push(taken);
    left -= taken;
  }
  return sizes;
}

function canaryStages(canary: boolean | number): readonly number[] {
  if (canary === false) return [];
  return canary === true ? [FIRST_STAGE, SECOND_STAGE] : [canary];
}

/** Where the next letter belongs: stages are counted over the whole redrive, so a resumed one goes on in its stage. */
export function stageEnd(settled: number, sizes: readonly number[]): number {
  let end = 0;
  for (const size of sizes) {
    end += size;
    if (settled < end) return end;
  }
  return end;
}

/**
 * The limit a redrive stops at: as asked; a canary without a limit stops at any failure, because that is what a canary is for;
 * otherwise none.
 */
export function failureLimit(request: {
  readonly canary?: boolean | number | undefined;
  readonly stopAtFailureRate?: number | undefined;
}): number | null {
  if (request.stopAtFailureRate !== undefined) return request.stopAtFailureRate;
  return request.canary === undefined || request.canary === false ? null : 0;
}

/** At the end of a stage every outcome counts; within one, a rate is judged only from enough of them. */
export function mustStop(outcome: {
  readonly done: number;
  readonly failed: number;
  readonly limit: number | null;
  readonly stageSettled: boolean;
}): boolean {
  const settled = outcome.done + outcome.failed;
  if (outcome.limit === null || settled === 0) return false;
  if (!outcome.stageSettled && settled < FEWEST_OUTCOMES_TO_JUDGE) return false;
  return outcome.failed / settled > outcome.limit;
}
