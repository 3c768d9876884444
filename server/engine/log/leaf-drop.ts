import { type Db } from '#server/storage/database.ts';
import {
  beginDrop,
  detachLeaf,
  dropLeafTable,
  finalizeDetach,
  type LeafRow,
  markDropped,
  selectLeafTable,
} from '#server/storage/leaf-rows.ts';
import { raiseLowMarks, selectTopicIds } from '#server/storage/low-mark-rows.ts';
import { insertOutbox } from '#server/storage/outbox-rows.ts';
import { systemRow } from '../system/system-events.ts';
import { inTransaction } from './upkeep.ts';

/** attached → detaching → detached → missing: each step at most once, and one more look. */
const MAX_STEPS = 4;

/**
 * From here on nobody reads what the leaf holds: low marks of the topics (`own`: Weir's own alone, the others are beyond it) move behind
 * it, and its positions are never given again. What follows may be cut off anywhere and is taken up by `finishDrop`.
 */
export async function startDrop(client: Db, leaf: LeafRow, topics: 'own' | 'all'): Promise<void> {
  await inTransaction(client, async () => {
    for (const id of await selectTopicIds(client, topics === 'own' ? '$%' : '%'))
      await raiseLowMarks(client, id, leaf.to);
    await beginDrop(client, leaf.from);
  });
}

/**
 * Takes the table of a leaf whose drop began out of the log and removes it. Appends and reads go on meanwhile: the detach waits for those
 * that began before it, and nobody waits for the detach. Throws when it waited too long; it is then tried again.
 */
export async function finishDrop(
  client: Db,
  leaf: LeafRow,
  fact: { readonly actor: string; readonly now: number },
): Promise<void> {
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const table = await selectLeafTable(client, leaf.from);
    if (table === 'missing') break;
    if (table === 'attached') await detachLeaf(client, leaf.from);
    else if (table === 'detaching') await finalizeDetach(client, leaf.from);
    else await dropLeafTable(client, leaf.from);
  }
  await inTransaction(client, async () => {
    await markDropped(client, leaf.from);
    const { from, to, rows, archiveFile } = leaf;
    const data = { from, to: to - 1, rows, archiveFile, actor: fact.actor };
    const event = { type: 'weir.leaf.dropped', subject: String(from), data } as const;
    await insertOutbox(client, [systemRow(event, fact.now)]);
  });
}
