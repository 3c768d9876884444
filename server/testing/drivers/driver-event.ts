import { type NewEvent } from '#server/engine/log/event-record.ts';
import { newEvent } from '../new-event.ts';
import { type DriverEvent } from './log-driver.ts';

export const DRIVER_SOURCE = '/driver';
export const DRIVER_EVENT_BYTES = 200;

/** The event as it comes out of the publish pipeline. */
export const toNewEvent = ({ id, key, sequence }: DriverEvent): NewEvent =>
  newEvent(id, {
    source: DRIVER_SOURCE,
    type: 'driver.event',
    subject: key,
    time: '2026-01-01T00:00:00.000Z',
    dataText: JSON.stringify({ sequence }),
    sizeBytes: DRIVER_EVENT_BYTES,
  });
