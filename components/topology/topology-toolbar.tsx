'use client';

import {
  Download,
  EyeOff,
  Focus,
  Maximize,
  Minus,
  Plus,
  Search,
  SlidersHorizontal,
  Waypoints,
  X,
} from 'lucide-react';
import { type ReactNode, type RefObject } from 'react';
import { Button } from '#components/ui/button.tsx';
import {
  DropdownMenu,
  MenuCheckItem,
  MenuItem,
  MenuLabel,
  MenuSeparator,
} from '#components/ui/dropdown-menu.tsx';
import { IconButton } from '#components/ui/icon-button.tsx';
import { Input } from '#components/ui/input.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { nameOf } from './topology-graph.ts';
import { type Motion } from './use-motion.ts';
import { MAX_HOPS } from './visible-graph.ts';

export type ToolbarProps = {
  readonly find: string;
  readonly hide: string;
  readonly findInput: RefObject<HTMLInputElement | null>;
  readonly onFind: (text: string) => void;
  readonly onHide: (text: string) => void;
  readonly focus: string | null;
  readonly hops: number;
  readonly onHops: (hops: number) => void;
  readonly onClearFocus: () => void;
  readonly mode: 'graph' | 'table';
  readonly onMode: (mode: 'graph' | 'table') => void;
  readonly graph: {
    readonly fit: () => void;
    readonly zoomBy: (factor: number) => void;
    readonly arrange: () => void;
    readonly save: (format: 'png' | 'svg') => void;
  };
  readonly motion: Motion;
};

const SYNTAX = 'name, kind:topic, state:paused, lag>100, rate<1, -word';

const FilterInput = ({
  label,
  icon,
  value,
  onChange,
  input,
}: {
  label: string;
  icon: ReactNode;
  value: string;
  onChange: (value: string) => void;
  input?: RefObject<HTMLInputElement | null>;
}) => (
  <div className="relative">
    <span className="pointer-events-none absolute top-1/2 left-2 -translate-y-1/2 text-text-3 [&_svg]:size-3.5">
      {icon}
    </span>
    <Input
      ref={input}
      type="search"
      aria-label={`${label} (${SYNTAX})`}
      title={SYNTAX}
      placeholder={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        onChange('');
        event.currentTarget.blur();
      }}
      className="h-7 w-36 bg-raised pl-7 transition-[width] focus:w-56 max-sm:w-28 max-sm:focus:w-36"
      spellCheck={false}
      autoComplete="off"
    />
  </div>
);

const FocusBar = (props: Pick<ToolbarProps, 'focus' | 'hops' | 'onHops' | 'onClearFocus'>) => {
  if (props.focus === null) return null;
  return (
    <div className="flex h-7 items-center gap-1 rounded-m border border-accent/60 bg-accent-soft pl-2 text-s">
      <Focus aria-hidden className="size-3.5 text-accent" />
      <span className="max-w-40 truncate font-medium">{nameOf(props.focus)}</span>
      <IconButton
        label="Fewer hops"
        className="size-6"
        reason={props.hops <= 1 ? 'One hop is the least' : null}
        onClick={() => props.onHops(props.hops - 1)}
      >
        <Minus />
      </IconButton>
      <span className="num text-text-2">
        {props.hops} {props.hops === 1 ? 'hop' : 'hops'}
      </span>
      <IconButton
        label="More hops"
        className="size-6"
        reason={props.hops >= MAX_HOPS ? `${MAX_HOPS} hops are the most` : null}
        onClick={() => props.onHops(props.hops + 1)}
      >
        <Plus />
      </IconButton>
      <IconButton label="Leave focus" className="size-6" onClick={props.onClearFocus}>
        <X />
      </IconButton>
    </div>
  );
};

const GraphMenu = (props: ToolbarProps) => (
  <DropdownMenu
    align="end"
    trigger={
      <Button variant="secondary" className="w-7 px-0" aria-label="Graph options">
        <SlidersHorizontal />
      </Button>
    }
  >
    <MenuItem icon={<Waypoints />} onSelect={props.graph.arrange}>
      Arrange anew
    </MenuItem>
    <MenuItem icon={<Maximize />} shortcut="0" onSelect={props.graph.fit}>
      Fit to the view
    </MenuItem>
    <MenuSeparator />
    <MenuCheckItem checked={props.motion.isWanted} onCheckedChange={props.motion.setWanted}>
      Moving dots
    </MenuCheckItem>
    {props.motion.note ? <MenuLabel>{props.motion.note}</MenuLabel> : null}
    <MenuSeparator />
    <MenuItem icon={<Download />} onSelect={() => props.graph.save('png')}>
      Save as PNG
    </MenuItem>
    <MenuItem icon={<Download />} onSelect={() => props.graph.save('svg')}>
      Save as SVG
    </MenuItem>
  </DropdownMenu>
);

export const TopologyToolbar = (props: ToolbarProps) => (
  <div className="flex flex-wrap items-center gap-2">
    <Segmented
      label="Show as"
      value={props.mode}
      onChange={props.onMode}
      options={[
        { value: 'graph', label: 'Graph' },
        { value: 'table', label: 'Table' },
      ]}
      className="bg-raised"
    />
    <FilterInput
      label="Find"
      icon={<Search />}
      value={props.find}
      onChange={props.onFind}
      input={props.findInput}
    />
    <FilterInput label="Hide" icon={<EyeOff />} value={props.hide} onChange={props.onHide} />
    <FocusBar {...props} />
    {props.mode === 'graph' ? (
      <div className="flex items-center gap-1">
        <Button
          className="w-7 px-0"
          aria-label="Zoom out"
          onClick={() => props.graph.zoomBy(1 / 1.4)}
        >
          <Minus />
        </Button>
        <Button className="w-7 px-0" aria-label="Zoom in" onClick={() => props.graph.zoomBy(1.4)}>
          <Plus />
        </Button>
        <Button className="w-7 px-0" aria-label="Fit to the view (0)" onClick={props.graph.fit}>
          <Maximize />
        </Button>
        <GraphMenu {...props} />
      </div>
    ) : null}
  </div>
);
