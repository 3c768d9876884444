import { sleep } from './measure.ts';

/** Repeats `step` until stopped, with a pause after one that found nothing. Stopping waits for the step in hand. */
export function poll(
  pauseMs: number,
  step: () => Promise<boolean>,
): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController();
  const run = async () => {
    while (!stopping.signal.aborted) if (!(await step())) await sleep(pauseMs);
  };
  const running = run();
  return {
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}
