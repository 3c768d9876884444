'use client';
import { useQuery } from '@tanstack/react-query';
import { ChevronDown, ChevronUp, Link2 } from 'lucide-react';
import Link from 'next/link';
import { parseAsStringLiteral, useQueryState } from 'nuqs';
import { Badge } from '#components/ui/badge.tsx';
import { Button } from '#components/ui/button.tsx';
import { CopyButton } from '#components/ui/copy-button.tsx';
import { Drawer } from '#components/ui/drawer.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { IconButton } from '#components/ui/icon-button.tsx';
import { JsonViewer } from '#components/ui/json-viewer.tsx';
import { SkeletonRows } from '#components/ui/skeleton.tsx';
import { Tabs } from '#components/ui/tabs.tsx';
import { Time } from '#components/ui/time.tsx';
import { toast } from '#components/ui/toast.tsx';
import { type StoredEvent } from '#contracts/event.ts';
import { eventQuery } from '#lib/queries/events.ts';
import { EventCausation } from './event-causation.tsx';
import { EventDeliveries } from './event-deliveries.tsx';

const TABS = ['payload', 'envelope', 'deliveries', 'causation'] as const;
const AROUND_MS = 15_000;

/** One event whole: payload, envelope, who handled it, and its flow. It has an address of its own (`?id=`). */
export function EventDrawer(props: {
  id: string;
  onClose: () => void;
  onOpen: (id: string) => void;
  onStep: (direction: 1 | -1) => void;
  onShowFlow: (correlationId: string) => void;
}) {
  const query = useQuery(eventQuery(props.id));
  const event = query.data;
  return (
    <Drawer
      open
      size="l"
      onOpenChange={(open) => (open ? undefined : props.onClose())}
      title={event?.type ?? 'Event'}
      description={
        <span className="flex items-center gap-1">
          <code className="num truncate">{props.id}</code>
          <CopyButton value={props.id} label="Copy the id" />
        </span>
      }
      actions={
        <>
          <IconButton label="Newer event" onClick={() => props.onStep(-1)}>
            <ChevronUp />
          </IconButton>
          <IconButton label="Older event" onClick={() => props.onStep(1)}>
            <ChevronDown />
          </IconButton>
          <IconButton label="Copy a link to this event" onClick={copyLink}>
            <Link2 />
          </IconButton>
        </>
      }
    >
      {event ? <EventDetails event={event} {...props} /> : null}
      {!event && query.isPending ? <SkeletonRows count={8} /> : null}
      {!event && query.error ? (
        <ErrorState
          title="The event cannot be read"
          detail={query.error.message}
          onRetry={() => void query.refetch()}
          busy={query.isFetching}
        />
      ) : null}
    </Drawer>
  );
}

function copyLink(): void {
  void navigator.clipboard
    .writeText(window.location.href)
    .then(() => toast.done('The link is copied'));
}

function EventDetails(props: {
  event: StoredEvent;
  onOpen: (id: string) => void;
  onShowFlow: (correlationId: string) => void;
}) {
  const { event } = props;
  const [tab, setTab] = useQueryState('tab', parseAsStringLiteral(TABS).withDefault('payload'));
  const recordedMs = Date.parse(event.recordedAt);
  const timeline = `/timeline?from=${new Date(recordedMs - AROUND_MS).toISOString()}&to=${new Date(recordedMs + AROUND_MS).toISOString()}`;
  const correlation = event.correlationid ?? event.id;
  const { data, data_base64: binary, ...envelope } = event;
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2 text-s text-text-2">
        <Badge tone="accent">{event.topic}</Badge>
        <span className="num">
          partition {event.partition} · offset {event.offset} · position {event.position}
        </span>
        <Time at={event.time} className="text-text-3" />
      </div>
      <div className="flex flex-wrap gap-2">
        <Button size="s" onClick={() => props.onShowFlow(correlation)}>
          Show this flow
        </Button>
        <Button size="s" variant="ghost" asChild>
          <Link href={timeline}>Timeline around it</Link>
        </Button>
      </div>
      <Tabs
        label="About this event"
        value={tab}
        onChange={(next) => void setTab(next)}
        items={[
          {
            value: 'payload',
            label: 'Payload',
            content:
              data === undefined && binary === undefined ? (
                <p className="text-s text-text-3">This event has no payload.</p>
              ) : (
                <JsonViewer label="Payload" value={data ?? binary} fileName={`${event.id}.json`} />
              ),
          },
          {
            value: 'envelope',
            label: 'Envelope',
            content: <JsonViewer label="Envelope" value={envelope} />,
          },
          {
            value: 'deliveries',
            label: 'Deliveries',
            content: <EventDeliveries id={event.id} />,
          },
          {
            value: 'causation',
            label: 'Causation',
            content: <EventCausation id={event.id} onOpen={props.onOpen} />,
          },
        ]}
      />
    </div>
  );
}
