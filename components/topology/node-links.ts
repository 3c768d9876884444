import { type NodeKind } from './topology-graph.ts';

/** Where else a node can be looked at. */
export const nodeLinks = (kind: NodeKind, name: string) => {
  const encoded = encodeURIComponent(name);
  const filter = { producer: 'source', topic: 'topic', consumer: 'topic' } as const;
  return {
    consumer: `/consumers/${encoded}`,
    deadLetters: `/dead-letters?subscription=${encoded}`,
    events: `/events?q=${encodeURIComponent(`${filter[kind]}:${name}`)}`,
    timeline: `/timeline?lanes=${kind === 'consumer' ? 'consumer' : 'topic'}`,
  };
};
