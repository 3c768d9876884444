import { type PartitionRef } from '#server/storage/partition-ref.ts';
import { assignKeys } from '../nodes/assignment.ts';
import { type Membership } from '../nodes/membership.ts';
import { type Assignment } from './delivery-source.ts';
import { type SubscriptionEntry } from './subscription-entry.ts';

type AssignmentsDependencies = {
  readonly membership: Pick<Membership, 'owner' | 'version' | 'others' | 'isLeaving'>;
  readonly partitionsOf: (entry: SubscriptionEntry) => readonly PartitionRef[];
  /** Whether this process could deliver to it now. */
  readonly servesHere: (entry: SubscriptionEntry) => boolean;
};

/**
 * Spreads the partitions of each subscription over the live nodes that can deliver to it. While none can (nobody pulls just now), whoever
 * has a partition keeps it, and what nobody has is spread over all.
 */
export function createAssignments(
  deps: AssignmentsDependencies,
): (entry: SubscriptionEntry) => Assignment {
  const cache = new WeakMap<
    SubscriptionEntry,
    { about: string; row: unknown; assignment: Assignment }
  >();

  const compute = (entry: SubscriptionEntry, partitions: readonly PartitionRef[]): Assignment => {
    const { membership } = deps;
    if (membership.isLeaving || entry.isHeld) return { mine: [], mustGive: () => true };
    const self = membership.owner.nodeId;
    if (membership.others.length === 0) return { mine: partitions, mustGive: () => false };
    const serving = membership.others
      .filter((node) => node.serves.includes(entry.row.id))
      .map((node) => node.nodeId);
    if (deps.servesHere(entry)) serving.push(self);
    const isServed = serving.length > 0;
    const nodes = isServed ? serving : [self, ...membership.others.map((node) => node.nodeId)];
    const keyOf = (one: PartitionRef) => `${entry.row.id}:${one.topicId}:${one.partition}`;
    const assigned = assignKeys(partitions.map(keyOf), nodes);
    return {
      mine: partitions.filter((one) => assigned.get(keyOf(one)) === self),
      mustGive: (held) => isServed && (assigned.get(keyOf(held)) ?? self) !== self,
    };
  };

  return (entry) => {
    const partitions = deps.partitionsOf(entry);
    const { version, isLeaving } = deps.membership;
    const about = `${version} ${isLeaving} ${entry.isHeld} ${deps.servesHere(entry)} ${partitions.length}`;
    const known = cache.get(entry);
    if (known?.about === about && known.row === entry.row) return known.assignment;
    const assignment = compute(entry, partitions);
    cache.set(entry, { about, row: entry.row, assignment });
    return assignment;
  };
}
