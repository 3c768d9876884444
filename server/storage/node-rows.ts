import { type Db } from './database.ts';

/** A node that has not been heard of for this long owns nothing; by Postgres's clock. */
export const LEASE_TTL_MS = 10_000;

/** This incarnation takes the node's name; an earlier one with the same name is over. */
export async function upsertNode(db: Db, nodeId: string, incarnation: string): Promise<void> {
  await db.query(
    `INSERT INTO nodes (node_id, incarnation) VALUES ($1, $2)
     ON CONFLICT (node_id) DO UPDATE SET incarnation = $2, heartbeat_at = now(), started_at = now()`,
    [nodeId, incarnation],
  );
}

/** False when another incarnation has taken the name. */
export async function updateNodeHeartbeat(
  db: Db,
  nodeId: string,
  incarnation: string,
): Promise<boolean> {
  const result = await db.query(
    'UPDATE nodes SET heartbeat_at = now() WHERE node_id = $1 AND incarnation = $2',
    [nodeId, incarnation],
  );
  return result.rowCount === 1;
}

export async function deleteNode(db: Db, nodeId: string, incarnation: string): Promise<void> {
  await db.query('DELETE FROM nodes WHERE node_id = $1 AND incarnation = $2', [
    nodeId,
    incarnation,
  ]);
}

/** Nodes other than this one that were heard of lately. */
export async function countOtherNodes(db: Db, nodeId: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM nodes
      WHERE node_id <> $1 AND heartbeat_at > now() - make_interval(secs => $2)`,
    [nodeId, LEASE_TTL_MS / 1_000],
  );
  return rows[0]?.count ?? 0;
}
