'use client';
import { useQuery } from '@tanstack/react-query';
import { Command } from 'cmdk';
import { Boxes, CornerDownLeft, Search, Users, Zap } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { Dialog as Radix } from 'radix-ui';
import { type ReactNode, useState } from 'react';
import { Kbd } from '#components/ui/kbd.tsx';
import { useReturnedFocus } from '#components/ui/use-returned-focus.ts';
import { subscriptionsQuery } from '#lib/queries/subscriptions.ts';
import { topicsQuery } from '#lib/queries/topics.ts';
import { usePaletteActions } from './palette-actions.ts';
import { PLACES } from './places.ts';

type PaletteProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onShortcuts: () => void;
};

/** Ctrl/⌘ K: places, topics, consumers, an event by its id, and things to do. */
export function CommandPalette(props: PaletteProps) {
  const focus = useReturnedFocus();
  return (
    <Radix.Root open={props.open} onOpenChange={props.onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-overlay" />
        <Radix.Content
          {...focus}
          data-modal
          aria-describedby={undefined}
          className="fixed top-[12vh] left-1/2 z-40 w-[min(600px,calc(100vw-24px))] -translate-x-1/2 animate-appear overflow-hidden rounded-l border border-line-strong bg-surface shadow-raised outline-none"
        >
          <Radix.Title className="sr-only">Search or jump</Radix.Title>
          <PaletteContent {...props} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function PaletteContent({ onOpenChange, onShortcuts }: PaletteProps) {
  const router = useRouter();
  const [text, setText] = useState('');
  const topics = useQuery(topicsQuery()).data ?? [];
  const subscriptions = useQuery(subscriptionsQuery()).data ?? [];
  const actions = usePaletteActions(subscriptions, onShortcuts);
  const choose = (run: () => void) => () => {
    onOpenChange(false);
    run();
  };
  const go = (href: string) => choose(() => router.push(href));
  const typed = text.trim();
  return (
    <Command label="Search or jump" loop>
      <div className="flex items-center gap-2 border-b border-line px-3.5">
        <Search aria-hidden className="size-4 text-text-3" />
        <Command.Input
          value={text}
          onValueChange={setText}
          placeholder="A place, a topic, a consumer, an event id, or something to do"
          className="h-11 flex-1 bg-transparent text-m outline-none placeholder:text-text-3 focus-visible:outline-none"
        />
        <Kbd>Esc</Kbd>
      </div>
      <Command.List className="max-h-[min(420px,60vh)] overflow-auto p-1.5">
        <Command.Empty className="px-3 py-6 text-center text-s text-text-2">
          Nothing is called that.
        </Command.Empty>
        <PaletteGroup heading="Places">
          {PLACES.map(({ href, label, keys, icon: Icon }) => (
            <PaletteItem key={href} value={label} icon={<Icon />} onSelect={go(href)} keys={keys}>
              {label}
            </PaletteItem>
          ))}
        </PaletteGroup>
        <PaletteGroup heading="Consumers">
          {subscriptions.map(({ name }) => (
            <PaletteItem
              key={name}
              value={`consumer ${name}`}
              icon={<Users />}
              onSelect={go(`/consumers/${encodeURIComponent(name)}`)}
            >
              {name}
            </PaletteItem>
          ))}
        </PaletteGroup>
        <PaletteGroup heading="Topics">
          {topics.map(({ name }) => (
            <PaletteItem
              key={name}
              value={`topic ${name}`}
              icon={<Boxes />}
              onSelect={go(`/events?${new URLSearchParams({ q: `topic:${name}` })}`)}
            >
              {name}
            </PaletteItem>
          ))}
        </PaletteGroup>
        <PaletteGroup heading="Do">
          {actions.map(({ label, run }) => (
            <PaletteItem key={label} value={label} icon={<Zap />} onSelect={choose(run)}>
              {label}
            </PaletteItem>
          ))}
        </PaletteGroup>
        {typed.length > 2 ? (
          <PaletteGroup heading="Events">
            <PaletteItem
              value={`event ${typed}`}
              icon={<CornerDownLeft />}
              onSelect={go(`/events?${new URLSearchParams({ id: typed })}`)}
            >
              Open the event with id <span className="num">{typed}</span>
            </PaletteItem>
            <PaletteItem
              value={`flow ${typed}`}
              icon={<CornerDownLeft />}
              onSelect={go(`/events?${new URLSearchParams({ q: `corr:${typed}` })}`)}
            >
              Find the flow <span className="num">corr:{typed}</span>
            </PaletteItem>
          </PaletteGroup>
        ) : null}
      </Command.List>
    </Command>
  );
}

function PaletteGroup({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <Command.Group
      heading={heading}
      className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-text-3"
    >
      {children}
    </Command.Group>
  );
}

function PaletteItem(props: {
  value: string;
  icon: ReactNode;
  onSelect: () => void;
  keys?: string | null | undefined;
  children: ReactNode;
}) {
  return (
    <Command.Item
      value={props.value}
      onSelect={props.onSelect}
      className="flex h-8 items-center gap-2.5 rounded-m px-2 text-s text-text data-[selected=true]:bg-accent-soft [&_svg]:size-3.5 [&_svg]:text-text-3"
    >
      {props.icon}
      <span className="flex-1 truncate">{props.children}</span>
      {props.keys ? <Kbd>{props.keys}</Kbd> : null}
    </Command.Item>
  );
}
