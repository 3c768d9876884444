/**
 * Which node has which of a subscription's partitions: rendezvous hashing (Thaler and Ravishankar, 1998), where each key goes to the
 * node whose hash with it is highest, with room for only ⌈keys / nodes⌉ at each node, so that few partitions are spread evenly too.
 * Every node computes the same from the same members; when one joins or leaves, about its share moves and the rest stays.
 */
export function assignKeys(
  keys: readonly string[],
  nodeIds: readonly string[],
): ReadonlyMap<string, string> {
  const assigned = new Map<string, string>();
  const nodes = [...new Set(nodeIds)].toSorted();
  if (nodes.length === 0) return assigned;
  const room = new Map(nodes.map((nodeId) => [nodeId, Math.ceil(keys.length / nodes.length)]));
  const pairs = keys.flatMap((key) =>
    nodes.map((nodeId) => ({ key, nodeId, score: scoreOf(nodeId, key) })),
  );
  pairs.sort((a, b) => b.score - a.score || compare(a.key, b.key) || compare(a.nodeId, b.nodeId));
  for (const { key, nodeId } of pairs) {
    const left = room.get(nodeId) ?? 0;
    if (left === 0 || assigned.has(key)) continue;
    assigned.set(key, nodeId);
    room.set(nodeId, left - 1);
  }
  return assigned;
}

/** The one of the nodes for which something is done that only one may do; null when there is none. */
export function electNode(name: string, nodeIds: readonly string[]): string | null {
  return assignKeys([name], nodeIds).get(name) ?? null;
}

const compare = (a: string, b: string): number => Number(a > b) - Number(a < b);

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a over both names, mixed by the finalizer of MurmurHash3: names that differ in one character are far apart. */
function scoreOf(nodeId: string, key: string): number {
  let hash = FNV_OFFSET;
  const text = `${nodeId}\n${key}`;
  for (let i = 0; i < text.length; i += 1)
    hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
