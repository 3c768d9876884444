import { type Db } from '#server/storage/database.ts';
import { addLeaf, selectLeaves } from '#server/storage/log-rows.ts';

/** Positions a leaf holds; retention and archive work on whole leaves. */
export const LEAF_POSITIONS = 5_000_000;
/** Empty leaves that always wait ahead of the tail. */
export const LEAVES_AHEAD = 2;

/** Makes sure the tail's leaf and the next two exist. Cheap when they do. */
export async function addLeavesAhead(db: Db, tail: number): Promise<void> {
  const leaves = await selectLeaves(db);
  let high = leaves.at(-1)?.high ?? 1;
  while (high <= tail + LEAVES_AHEAD * LEAF_POSITIONS) {
    await addLeaf(db, high, high + LEAF_POSITIONS);
    high += LEAF_POSITIONS;
  }
}
