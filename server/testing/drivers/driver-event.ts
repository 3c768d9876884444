import { type NewEvent } from '#server/engine/log/event-record.ts';
import { type DriverEvent } from './log-driver.ts';

export const DRIVER_SOURCE = '/driver';
export const DRIVER_EVENT_BYTES = 200;

/** The event as it comes out of the publish pipeline. */
export const toNewEvent = ({ id, key, sequence }: DriverEvent): NewEvent => ({
  id,
  source: DRIVER_SOURCE,
  type: 'driver.event',
  subject: key,
  time: '2026-01-01T00:00:00.000Z',
  partitionKey: null,
  correlationId: null,
  causationId: null,
  extensions: null,
  dataText: JSON.stringify({ sequence }),
  dataBinary: null,
  sizeBytes: DRIVER_EVENT_BYTES,
});
