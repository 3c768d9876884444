import { type Fault } from '#contracts/scenario.ts';
import { type Random } from '../clock.ts';
import { type Delivery } from './delivery.ts';
import { type Failure, makeFailure, PROCESS_ENDED } from './failure.ts';

const FNV_OFFSET = 2_166_136_261;
const FNV_PRIME = 16_777_619;

/** The failure a scenario's fault gives this attempt; null when it is left alone. */
export function injectedFailure(
  fault: Fault,
  subscription: string,
  delivery: Delivery,
  random: Random,
): Failure | null {
  if (fault.crashRate > 0 && random() < fault.crashRate) return PROCESS_ENDED;
  if (shareOf(`${delivery.record.id}\n${subscription}`) >= fault.failureRate) return null;
  const errorClass = fault.errorClass ?? 'InjectedFault';
  const { type, id } = delivery.record;
  const error = new Error(`${subscription} could not handle ${type} ${id}`);
  error.name = errorClass;
  // From where the handler would have run, as the stack of its own error would be.
  Error.captureStackTrace(error, injectedFailure);
  return makeFailure({
    errorClass,
    message: error.message,
    stack: error.stack ?? null,
    retryable: true,
  });
}

/** 0 to 1, evenly, always the same for the same text: an event that fails does so at each attempt until the fault is gone. */
export function shareOf(text: string): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  }
  // FNV alone leaves the high bits of short, similar texts close together.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
