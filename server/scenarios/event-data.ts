import { type z } from 'zod';
import { type StoredEvent } from '#contracts/event.ts';
import { NonRetryableError } from '#server/engine/broker/consumer-definition.ts';

/** The payload as the schema describes it. An event that does not fit never will, so it becomes a dead letter at once. */
export function eventData<Schema extends z.ZodType>(
  schema: Schema,
  event: StoredEvent,
): z.infer<Schema> {
  const parsed = schema.safeParse(event.data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where =
    issue === undefined ? '' : ` at ${issue.path.join('.') || 'data'}: ${issue.message}`;
  throw new NonRetryableError(`${event.type} is not what this consumer understands${where}`);
}
