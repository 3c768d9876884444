import { EngineError } from '../errors.ts';

/** What is asked of a subscription that is just being stopped. */
export const stoppingError = (name: string) =>
  new EngineError('stopping', `Deliveries to ${name} are being stopped; try again.`);
