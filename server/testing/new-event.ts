import { type NewEvent } from '#server/engine/log/event-record.ts';

/** An event as the publish pipeline gives it to the log. */
export const newEvent = (id: string, over: Partial<NewEvent> = {}): NewEvent => ({
  id,
  source: 'test',
  type: 'thing.happened',
  subject: null,
  time: '2025-01-10T00:00:00.000Z',
  partitionKey: null,
  correlationId: null,
  causationId: null,
  extensions: null,
  dataText: '{"a":1}',
  dataBinary: null,
  sizeBytes: 300,
  ...over,
});
