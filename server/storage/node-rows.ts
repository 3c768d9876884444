import { z } from 'zod';
import { type Db } from './database.ts';

/** A node that has not been heard of for this long owns nothing; by Postgres's clock. */
export const LEASE_TTL_MS = 10_000;

/** Rows of nodes that nobody has heard of for this long are removed. */
const FORGET_AFTER = '1 day';

type NodeName = { readonly nodeId: string; readonly incarnation: string };

/** This incarnation takes the node's name; an earlier one with the same name is over. */
export async function upsertNode(db: Db, { nodeId, incarnation }: NodeName): Promise<void> {
  await db.query(
    `INSERT INTO nodes (node_id, incarnation) VALUES ($1, $2)
     ON CONFLICT (node_id) DO UPDATE SET incarnation = $2, heartbeat_at = now(), started_at = now(), serves = '{}', leaving = false`,
    [nodeId, incarnation],
  );
}

/**
 * The next life of the same process, after it was thought dead. False when another process has taken the name meanwhile. Whoever had no
 * answer asks again with the same incarnation: it counts as heard of from when that was stored.
 */
export async function reviveNode(db: Db, before: NodeName, incarnation: string): Promise<boolean> {
  const result = await db.query(
    `INSERT INTO nodes AS n (node_id, incarnation) VALUES ($1, $3)
     ON CONFLICT (node_id) DO UPDATE SET incarnation = $3,
       heartbeat_at = CASE n.incarnation WHEN $2 THEN now() ELSE n.heartbeat_at END WHERE n.incarnation IN ($2, $3)`,
    [before.nodeId, before.incarnation, incarnation],
  );
  return result.rowCount === 1;
}

const othersSchema = z.array(
  z.object({
    nodeId: z.string(),
    /** Ids of the subscriptions it can deliver to. */
    serves: z.array(z.number()),
    /** Counted as dead after this time unless it is heard of. */
    expiresInMs: z.number(),
  }),
);
export type NodeRow = z.infer<typeof othersSchema>[number];

/** `lapsed`: it was not heard of for too long and others may have taken what it had. `replaced`: another process runs under its name. */
export type BeatResult = {
  readonly state: 'alive' | 'lapsed' | 'replaced';
  /** The other nodes that are alive and not leaving. */
  readonly others: readonly NodeRow[];
};

/** The heartbeat of a process with what it serves, and who else there is, in one statement. One that comes too late is not one. */
export async function beatNode(
  db: Db,
  { nodeId, incarnation }: NodeName,
  now: { readonly serves: readonly number[]; readonly leaving: boolean },
): Promise<BeatResult> {
  const { rows } = await db.query<{ state: BeatResult['state']; others: string | null }>(
    `WITH me AS (
       SELECT incarnation = $2 AS mine, heartbeat_at > now() - interval '${LEASE_TTL_MS} milliseconds' AS heard
       FROM nodes WHERE node_id = $1 FOR UPDATE),
     beat AS (
       UPDATE nodes n SET heartbeat_at = now(), serves = $3, leaving = $4 FROM me
       WHERE n.node_id = $1 AND me.mine AND me.heard)
     SELECT CASE WHEN NOT (SELECT mine FROM me) THEN 'replaced' WHEN (SELECT heard FROM me) THEN 'alive' ELSE 'lapsed' END AS state,
       (SELECT json_agg(json_build_object('nodeId', o.node_id, 'serves', o.serves, 'expiresInMs',
          extract(epoch FROM o.heartbeat_at - now()) * 1000 + ${LEASE_TTL_MS})) FROM nodes o
        WHERE o.node_id <> $1 AND NOT o.leaving AND o.heartbeat_at > now() - interval '${LEASE_TTL_MS} milliseconds') AS others`,
    [nodeId, incarnation, now.serves, now.leaving],
  );
  const [row] = rows;
  return {
    state: row?.state ?? 'lapsed',
    others: othersSchema.parse(JSON.parse(row?.others ?? '[]')),
  };
}

export async function deleteNode(db: Db, { nodeId, incarnation }: NodeName): Promise<void> {
  await db.query('DELETE FROM nodes WHERE node_id = $1 AND incarnation = $2', [
    nodeId,
    incarnation,
  ]);
}

export async function deleteForgottenNodes(db: Db): Promise<void> {
  await db.query(`DELETE FROM nodes WHERE heartbeat_at < now() - interval '${FORGET_AFTER}'`);
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
