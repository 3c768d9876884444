import { Skeleton } from '#components/ui/skeleton.tsx';

const COLUMNS = [
  { left: '6%', tops: ['34%', '58%'], className: 'h-20 w-44' },
  { left: '30%', tops: ['30%', '56%'], className: 'h-14 w-40 rounded-[22px]' },
  { left: '54%', tops: ['18%', '36%', '54%', '72%'], className: 'h-24 w-52' },
  { left: '78%', tops: ['28%', '50%'], className: 'h-14 w-40 rounded-[22px]' },
] as const;

/** The shape of a graph while the first answer is on its way. */
export const TopologySkeleton = () => (
  <div
    role="status"
    aria-label="Loading the topology"
    className="relative size-full overflow-hidden dotted"
  >
    {COLUMNS.flatMap((column) =>
      column.tops.map((top) => (
        <div key={`${column.left}${top}`} className="absolute" style={{ left: column.left, top }}>
          <Skeleton className={column.className} />
        </div>
      )),
    )}
  </div>
);
