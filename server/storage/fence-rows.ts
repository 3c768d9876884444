import { type Db } from './database.ts';
import { type Owner } from './partition-rows.ts';

/**
 * What entitles a process to write about a delivery: the lease of its partition, its claim of a range, the retry row it holds, or the
 * operation it runs. Who was stopped for so long that another took over matches none of them and writes nothing.
 */
export type Fence =
  | {
      readonly type: 'partition';
      readonly subscriptionId: number;
      readonly topicId: number;
      readonly partition: number;
      readonly owner: Owner;
      readonly epoch: number;
    }
  | {
      readonly type: 'claim';
      readonly id: number;
      readonly incarnation: string;
      readonly epoch: number;
    }
  | {
      readonly type: 'retry';
      readonly id: number;
      readonly incarnation: string;
      /** Who claimed the row again for a later attempt no longer holds it for this one. */
      readonly attempt?: number;
    }
  | { readonly type: 'operation'; readonly id: string; readonly incarnation: string };

/**
 * A query of one row while the fence holds and of none otherwise, which locks what it rests on until the transaction ends. Its
 * parameters begin at `first`; it can stand in a WITH.
 */
export function fenceQuery(fence: Fence, first: number): { text: string; values: unknown[] } {
  const $ = (index: number): string => `$${first + index}`;
  switch (fence.type) {
    case 'partition':
      return {
        text: `SELECT 1 FROM subscription_partitions WHERE subscription_id = ${$(0)} AND topic_id = ${$(1)} AND "partition" = ${$(2)}
                 AND owner = ${$(3)} AND owner_incarnation = ${$(4)} AND epoch = ${$(5)} FOR SHARE`,
        values: [
          fence.subscriptionId,
          fence.topicId,
          fence.partition,
          fence.owner.nodeId,
          fence.owner.incarnation,
          fence.epoch,
        ],
      };
    case 'claim':
      return {
        text: `SELECT 1 FROM claims WHERE id = ${$(0)} AND owner_incarnation = ${$(1)} AND epoch = ${$(2)} FOR SHARE`,
        values: [fence.id, fence.incarnation, fence.epoch],
      };
    case 'retry':
      // A row of a partition is held with the partition: whoever takes that over finds nothing of it on the way.
      return {
        text: `WITH lease AS (
                 SELECT p.owner_incarnation IS NOT DISTINCT FROM ${$(1)}::uuid AS mine FROM subscription_partitions p
                 JOIN retries r USING (subscription_id, topic_id, "partition") WHERE r.id = ${$(0)} AND r.kind <> 'replay' FOR SHARE OF p)
               SELECT 1 FROM retries WHERE id = ${$(0)} AND claimed_by = ${$(1)}::uuid AND state = 'running'
                 AND coalesce((SELECT mine FROM lease), true)${fence.attempt === undefined ? '' : ` AND attempt = ${$(2)}`} FOR UPDATE`,
        values: [
          fence.id,
          fence.incarnation,
          ...(fence.attempt === undefined ? [] : [fence.attempt]),
        ],
      };
    case 'operation':
      return {
        text: `SELECT 1 WHERE NOT EXISTS (SELECT FROM operations WHERE id = ${$(0)} AND claimed_by <> ${$(1)}::uuid)`,
        values: [fence.id, fence.incarnation],
      };
    default:
      return fence satisfies never;
  }
}

/** Holds the fence until the transaction ends; false when it does not hold. */
export async function lockFence(tx: Db, fence: Fence): Promise<boolean> {
  const query = fenceQuery(fence, 1);
  const { rowCount } = await tx.query(query.text, query.values);
  return rowCount === 1;
}
