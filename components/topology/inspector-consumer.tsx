'use client';

import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { FlaskConical, Wrench } from 'lucide-react';
import Link from 'next/link';
import { BarStrip } from '#components/ui/bar-strip.tsx';
import { Button } from '#components/ui/button.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { Stat, StatGrid } from '#components/ui/stat.tsx';
import { StateDot } from '#components/ui/state-dot.tsx';
import { Time } from '#components/ui/time.tsx';
import { type TopologyNode } from '#contracts/topology.ts';
import { formatDuration, formatEstimate } from '#lib/format/duration.ts';
import { formatCount, formatPlural, formatRate, formatShare } from '#lib/format/number.ts';
import { deadLettersQuery } from '#lib/queries/dead-letters.ts';
import { subscriptionLagQuery } from '#lib/queries/subscriptions.ts';
import { nodeLinks } from './node-links.ts';
import { FAILING_SHARE, nodeState } from './node-state.ts';
import { type NodeActions } from './use-node-actions.ts';

const FAILURES_SHOWN = 5;
/** A partition with more than this share of all the lag is drawn as the slow one. */
const HOT_SHARE = 0.5;

const clearsIn = (lag: number, clearsInMs: number | null | undefined): string => {
  if (lag === 0) return 'at head';
  return clearsInMs === null || clearsInMs === undefined
    ? 'not shrinking'
    : formatEstimate(clearsInMs);
};

const Numbers = ({ node }: { node: TopologyNode }) => {
  const lag = useQuery(subscriptionLagQuery(node.name)).data;
  const behind = node.lag ?? 0;
  return (
    <StatGrid>
      <Stat
        label="Lag"
        value={formatCount(behind)}
        unit={behind > 0 ? `events · ${formatDuration(node.oldestUnhandledAgeMs)}` : 'events'}
        tone={nodeState(node) === 'behind' ? 'slow' : undefined}
      />
      <Stat label="Clears in" value={clearsIn(behind, lag?.clearsInMs)} />
      <Stat label="Handled" value={formatRate(node.ratePerSecond)} unit="/s" />
      <Stat label="Latency p95" value={formatDuration(node.p95Ms)} />
      <Stat
        label="Failing"
        value={formatShare(node.errorRate)}
        tone={node.errorRate > FAILING_SHARE ? 'fail' : undefined}
      />
      <Stat
        label="Dead letters"
        value={formatCount(node.deadLetters)}
        tone={node.deadLetters > 0 ? 'fail' : undefined}
      />
    </StatGrid>
  );
};

const Actions = ({ node, actions }: { node: TopologyNode; actions: NodeActions }) => {
  const isPaused = node.state === 'paused';
  const isOpen = node.breaker !== null && node.breaker.state !== 'closed';
  const fault = actions.faultOf(node.name, node.scenario);
  const { scenario } = node;
  return (
    <div className="mt-3.5 flex flex-wrap gap-2">
      <Button asChild variant={node.deadLetters > 0 ? 'primary' : 'secondary'}>
        <Link href={nodeLinks('consumer', node.name).deadLetters}>Open dead letters</Link>
      </Button>
      <Button
        busy={actions.isBusy}
        reason={node.state === 'disabled' ? 'The consumer is disabled' : null}
        onClick={() => (isPaused ? actions.resume(node.name) : actions.pause(node.name))}
      >
        {isPaused ? 'Resume' : 'Pause'}
      </Button>
      <Button
        busy={actions.isBusy}
        onClick={() => actions.setBreaker(node.name, isOpen ? 'closed' : 'open')}
      >
        {isOpen ? 'Close breaker' : 'Open breaker'}
      </Button>
      {fault === null || scenario === null ? null : (
        <Button onClick={() => actions.setFault(node.name, scenario, !fault.isInjected)}>
          {fault.isInjected ? <Wrench /> : <FlaskConical />}
          {fault.isInjected ? 'Repair fault' : 'Inject fault'}
        </Button>
      )}
    </div>
  );
};

const LagByPartition = ({ name }: { name: string }) => {
  const { data, isPending, isError } = useQuery(subscriptionLagQuery(name));
  return (
    <section>
      <h3 className="mt-4 mb-1.5 text-xs font-semibold text-text-3">Lag by partition</h3>
      {isPending ? <Skeleton className="h-11" /> : null}
      {isError && !data ? <p className="text-s text-fail">The lag cannot be read now.</p> : null}
      {data && data.total > 0 ? (
        <BarStrip
          label={`Lag of ${name} by partition`}
          bars={data.partitions.map((one) => ({
            key: `${one.topic}/${one.partition}`,
            value: one.lag,
            tone: one.lag > data.total * HOT_SHARE && data.total > 10 ? 'slow' : 'accent',
            label: `${one.topic} ${one.partition}: ${formatPlural(one.lag, 'event')}`,
          }))}
        />
      ) : null}
      {data && data.total === 0 ? (
        <p className="text-s text-text-2">
          All {formatPlural(data.partitions.length, 'partition')} at the head.
        </p>
      ) : null}
    </section>
  );
};

const LatestFailures = ({ name }: { name: string }) => {
  const { data, isPending, isError } = useInfiniteQuery(deadLettersQuery({ subscription: name }));
  const letters = data?.pages[0]?.items.slice(0, FAILURES_SHOWN) ?? [];
  return (
    <section>
      <h3 className="mt-4 mb-1 text-xs font-semibold text-text-3">Latest failures</h3>
      {isPending ? <Skeleton className="h-24" /> : null}
      {isError && !data ? <p className="text-s text-fail">Letters cannot be read now.</p> : null}
      {data && letters.length === 0 ? (
        <p className="text-s text-text-2">None: no event of this consumer ever died.</p>
      ) : null}
      <ul className="m-0 list-none p-0">
        {letters.map((letter) => (
          <li key={letter.id} className="border-b border-line last:border-0">
            <Link
              href={`/dead-letters?id=${encodeURIComponent(letter.id)}`}
              className="flex min-h-8 items-center gap-2 py-1 text-s hover:text-accent"
              title={letter.errorMessage}
            >
              <StateDot
                tone={letter.status === 'open' ? 'fail' : 'neutral'}
                label={letter.status}
                hideLabel
              />
              <span className="num min-w-0 flex-1 truncate">{letter.errorClass}</span>
              <span className="num max-w-28 truncate text-text-2">
                {letter.event.subject ?? letter.event.type}
              </span>
              <Time at={letter.deadAt} className="text-xs text-text-3" />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
};

export const InspectorConsumer = ({
  node,
  actions,
}: {
  node: TopologyNode;
  actions: NodeActions;
}) => (
  <>
    <Numbers node={node} />
    <Actions node={node} actions={actions} />
    <LagByPartition name={node.name} />
    <LatestFailures name={node.name} />
  </>
);
