import { type Database } from '#server/storage/database.ts';
import { acquirePartitions, type Owner } from '#server/storage/partition-rows.ts';
import {
  claimOrphanedRetries,
  promoteHeadlessKeys,
  selectRetriedOffsets,
  selectRetryingKeys,
  selectRetryingReplays,
} from '#server/storage/retry-takeover-rows.ts';
import { type Takeover } from './delivery-source.ts';
import { type Intake } from './intake.ts';

const ORPHAN_LIMIT = 1_000;

/** Retries of a queue that others left in the middle; nothing is replayed to a queue. */
export async function takeOverRetries(
  { pool }: Database,
  owner: Owner,
  id: number,
): Promise<Takeover> {
  const taking = { taken: [], limit: ORPHAN_LIMIT };
  return { orphans: await claimOrphanedRetries(pool, id, owner, taking), replays: [] };
}

/** Takes all partitions of a subscription that can be had into the intake, with the keys that must wait. */
export async function takeOver(
  { pool }: Database,
  owner: Owner,
  subscription: { readonly id: number; readonly maxInFlight: number },
  intake: Intake,
): Promise<Takeover> {
  const { id, maxInFlight } = subscription;
  const held = [...intake.partitions.values()];
  const rows = await acquirePartitions(pool, id, owner, { maxInFlight, held });
  await promoteHeadlessKeys(pool, id, rows);
  const taking = { taken: rows, limit: ORPHAN_LIMIT };
  const orphans = await claimOrphanedRetries(pool, id, owner, taking);
  const [keys, offsets, replays] = [
    await selectRetryingKeys(pool, id),
    await selectRetriedOffsets(pool, id),
    await selectRetryingReplays(pool, id),
  ];
  intake.own(rows, keys, offsets);
  return { orphans, replays };
}
