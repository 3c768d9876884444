'use client';

import { Drawer } from '#components/ui/drawer.tsx';
import { MEDIA, useMediaQuery } from '#lib/state/use-media-query.ts';
import { nameOf } from './topology-graph.ts';
import { TopologyInspector } from './topology-inspector.tsx';

type SideProps = Omit<Parameters<typeof TopologyInspector>[0], 'nodeId' | 'isFramed'> & {
  readonly nodeId: string | null;
};

/** Beside the graph where there is room, over it where there is not. */
export const TopologySide = ({ nodeId, ...props }: SideProps) => {
  const isWide = useMediaQuery(MEDIA.wide, true);
  if (nodeId === null) return null;
  const inspector = <TopologyInspector {...props} nodeId={nodeId} isFramed={isWide} />;
  if (isWide)
    return (
      <aside
        aria-label={`About ${nameOf(nodeId)}`}
        className="w-[340px] shrink-0 overflow-auto border-l border-line bg-surface"
      >
        {inspector}
      </aside>
    );
  return (
    <Drawer
      open
      onOpenChange={(isOpen) => {
        if (!isOpen) props.onSelect(null);
      }}
      title={nameOf(nodeId)}
    >
      {inspector}
    </Drawer>
  );
};
