export type PartitionRef = { readonly topicId: number; readonly partition: number };

export const isSamePartition = (one: PartitionRef, other: PartitionRef): boolean =>
  one.topicId === other.topicId && one.partition === other.partition;

/** As two arrays of one length: `unnest($n::int[], $m::int[])`. */
export const columnsOf = (
  partitions: readonly PartitionRef[],
): [topicIds: number[], partitions: number[]] => [
  partitions.map(({ topicId }) => topicId),
  partitions.map(({ partition }) => partition),
];
