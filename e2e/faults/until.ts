import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 25;

/** Asks until the answer is there. Rejects after `withinMs`, saying what was waited for and, if it is told, what there was instead. */
export async function until<Answer>(
  what: string | (() => string),
  withinMs: number,
  ask: () => Promise<Answer | undefined> | Answer | undefined,
): Promise<Answer> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline)
      throw new Error(`Not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}.`);
    await sleep(EVERY_MS);
  }
}
