'use client';

import { Play } from 'lucide-react';
import { Button } from '#components/ui/button.tsx';
import { CodeBlock } from '#components/ui/code-block.tsx';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { toast } from '#components/ui/toast.tsx';
import { useStartScenario } from '#lib/queries/scenarios.ts';

const firstEvent = (origin: string): string =>
  `curl -X POST ${origin}/api/v1/topics/orders/events \\
  -H 'content-type: application/json' \\
  -d '{"type":"order.placed","data":{"total":49.9}}'`;

/** Nothing has ever flowed here: how to change that, by hand or with the sample shop. */
export const TopologyEmpty = () => {
  const start = useStartScenario();
  const command = firstEvent(typeof location === 'undefined' ? '' : location.origin);
  return (
    <EmptyState
      kind="nothing-exists"
      title="Nothing flows here yet"
      className="max-w-xl pt-20"
      action={
        <Button
          variant="primary"
          size="m"
          busy={start.isPending}
          onClick={() =>
            start.mutate('shop', {
              onError: (error) => toast.failed('The shop could not be started', error),
            })
          }
        >
          <Play />
          Start the sample shop
        </Button>
      }
    >
      <p>
        Producers, topics and consumers appear here as soon as a first event is published. Send one
        yourself, or let the sample shop send a few every second.
      </p>
      <div className="mt-4 text-left">
        <CodeBlock label="Publish a first event" copy={command}>
          {command}
        </CodeBlock>
      </div>
    </EmptyState>
  );
};
