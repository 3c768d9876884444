import { type Database, withTransaction } from '#server/storage/database.ts';
import { addLeaf, selectLeafPositions, selectLeaves } from '#server/storage/leaf-rows.ts';
import { type Clock } from '../clock.ts';
import { MAX_BATCH_COMMIT_EVENTS } from './group-commit.ts';
import { lockShape, untilShapeIsFree } from './shape-lock.ts';

/** Empty leaves that always wait ahead of the tail. */
export const LEAVES_AHEAD = 2;
/** However small leaves are, so many positions ahead have one: no batch is larger. */
const POSITIONS_AHEAD = 4 * MAX_BATCH_COMMIT_EVENTS;
/** Some 2 s for whoever alters the log: an append that has no leaf waits for it. */
const LOCK_TRIES = 8;

type LeavesDependencies = { readonly database: Pick<Database, 'pool'>; readonly clock: Clock };

/**
 * Makes sure that the leaf of the next position and the two after it exist, also where one in between is missing. Cheap when they do.
 * Answers the tail from which on it has to be called again.
 */
export async function addLeavesAhead(deps: LeavesDependencies, tail: number): Promise<number> {
  const { pool } = deps.database;
  const size = await selectLeafPositions(pool);
  const leaves = await selectLeaves(pool);
  const wanted = tail + Math.max(LEAVES_AHEAD * size, POSITIONS_AHEAD);
  let next = tail + 1;
  while (next <= wanted) {
    const covering = leaves.find((leaf) => leaf.low <= next && next < leaf.high);
    if (covering === undefined) {
      const low = next === tail + 1 ? lowOfMissing(leaves, next) : next;
      const following = leaves.find((leaf) => leaf.low > low)?.low ?? Number.MAX_SAFE_INTEGER;
      const high = Math.min(low + size, following);
      await addOne(deps, low, high);
      next = high;
    } else next = covering.high;
  }
  return tail + size;
}

/** A hole begins where the leaf before it ends, not in the middle. */
function lowOfMissing(leaves: readonly { readonly high: number }[], position: number): number {
  const ends = leaves.map((leaf) => leaf.high).filter((high) => high <= position);
  return ends.length === 0 ? position : Math.max(...ends);
}

async function addOne({ database, clock }: LeavesDependencies, low: number, high: number) {
  await untilShapeIsFree({ clock, tries: LOCK_TRIES }, () =>
    withTransaction(database.pool, async (tx) => {
      await lockShape(tx);
      await addLeaf(tx, low, high);
    }),
  );
}
