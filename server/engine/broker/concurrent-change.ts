import { EngineError, isEngineError } from '../errors.ts';

/** A change that met another one of the same subscription is made anew, this often at most. */
const MAX_TRIES = 5;

/** Another process changed the subscription while this one was about to. */
export const changedMeanwhile = (name: string): EngineError =>
  new EngineError('wrong-state', `Subscription ${name} was just changed; try again.`, {
    state: 'changed',
  });

/** Makes a change anew when it met another one. */
export async function againWhenChanged<Result>(
  sync: () => Promise<void>,
  work: () => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const isMet = isEngineError(error, 'wrong-state') && error.details['state'] === 'changed';
      if (!isMet || tries === MAX_TRIES) throw error;
      await sync();
    }
  }
}
