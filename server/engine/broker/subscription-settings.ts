import { type SubscriptionSettings } from '#contracts/subscription.ts';
import { type SubscriptionRow } from '#server/storage/subscription-rows.ts';
import { EngineError } from '../errors.ts';

/** Mode and kind of delivery stay what they were made with. */
export function refuseImmutable(row: SubscriptionRow, settings: SubscriptionSettings): void {
  if (row.settings.mode !== settings.mode) {
    throw new EngineError(
      'invalid-request',
      `Subscription ${row.name} has mode ${row.settings.mode}; that cannot be changed. Remove it and make it anew.`,
      { field: 'mode' },
    );
  }
  if (row.settings.delivery.kind !== settings.delivery.kind) {
    throw new EngineError(
      'invalid-request',
      `Subscription ${row.name} delivers by ${row.settings.delivery.kind}; that cannot be changed. Remove it and make it anew.`,
      { field: 'delivery.kind' },
    );
  }
}

/** Both went through the same schema, so equal settings have equal text once keys are sorted (jsonb does not keep their order). */
export const sameSettings = (left: SubscriptionSettings, right: SubscriptionSettings): boolean =>
  canonical(left) === canonical(right);

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

/** Whether it has to be made to run anew for the row to take effect. */
export const needsRestart = (before: SubscriptionRow, after: SubscriptionRow): boolean =>
  before.handlerVersion !== after.handlerVersion ||
  JSON.stringify(before.settings) !== JSON.stringify(after.settings);
