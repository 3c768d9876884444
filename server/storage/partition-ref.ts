export type PartitionRef = { readonly topicId: number; readonly partition: number };

/** As two arrays of one length: `unnest($n::int[], $m::int[])`. */
export const columnsOf = (
  partitions: readonly PartitionRef[],
): [topicIds: number[], partitions: number[]] => [
  partitions.map(({ topicId }) => topicId),
  partitions.map(({ partition }) => partition),
];
