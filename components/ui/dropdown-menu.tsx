'use client';
import { Check } from 'lucide-react';
import { DropdownMenu as Radix } from 'radix-ui';
import { type ReactElement, type ReactNode } from 'react';
import { cn } from './cn.ts';
import { Kbd } from './kbd.tsx';

const ITEM =
  'flex min-h-7 cursor-default items-center gap-2 rounded-s px-2 py-1 text-s text-text outline-none select-none data-disabled:opacity-50 data-highlighted:bg-accent-soft [&_svg]:size-3.5 [&_svg]:shrink-0';

/** A menu under its trigger. */
export function DropdownMenu(props: {
  trigger: ReactElement;
  children: ReactNode;
  align?: 'start' | 'center' | 'end' | undefined;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  /** What had the focus before, for a menu that opens without its trigger being pressed. */
  returnFocusTo?: Element | null;
}) {
  const { trigger, children, align = 'start', returnFocusTo, ...root } = props;
  const returnFocus = (event: Event) => {
    if (!(returnFocusTo instanceof HTMLElement)) return;
    event.preventDefault();
    returnFocusTo.focus({ preventScroll: true });
  };
  return (
    <Radix.Root modal={false} {...root}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={returnFocus}
          className="z-50 max-h-[var(--radix-dropdown-menu-content-available-height)] min-w-44 animate-appear overflow-auto rounded-m border border-line-strong bg-raised p-1 shadow-raised"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export function MenuItem(props: {
  children: ReactNode;
  onSelect?: (() => void) | undefined;
  icon?: ReactNode;
  shortcut?: string | undefined;
  tone?: 'danger' | undefined;
  /** Why it cannot be chosen now. */
  reason?: string | null | undefined;
}) {
  return (
    <Radix.Item
      className={cn(ITEM, props.tone === 'danger' && 'text-fail')}
      disabled={Boolean(props.reason)}
      aria-keyshortcuts={props.shortcut}
      onSelect={() => props.onSelect?.()}
    >
      {props.icon}
      <span className="flex-1">
        {props.children}
        {props.reason ? <span className="block text-xs text-text-3">{props.reason}</span> : null}
      </span>
      {props.shortcut ? <Kbd>{props.shortcut}</Kbd> : null}
    </Radix.Item>
  );
}

export function MenuCheckItem(props: {
  children: ReactNode;
  checked: boolean;
  onCheckedChange: (checked: boolean) => void;
}) {
  return (
    <Radix.CheckboxItem
      className={ITEM}
      checked={props.checked}
      onCheckedChange={props.onCheckedChange}
      onSelect={(event) => event.preventDefault()}
    >
      <span className="size-3.5">
        <Radix.ItemIndicator>
          <Check />
        </Radix.ItemIndicator>
      </span>
      {props.children}
    </Radix.CheckboxItem>
  );
}

/** One of several; `options` are value and label. */
export function MenuChoice<Value extends string>(props: {
  value: Value;
  options: readonly { readonly value: Value; readonly label: string }[];
  onChange: (value: Value) => void;
}) {
  return (
    <Radix.RadioGroup value={props.value}>
      {props.options.map((option) => (
        <Radix.RadioItem
          key={option.value}
          value={option.value}
          className={ITEM}
          onSelect={() => props.onChange(option.value)}
        >
          <span className="size-3.5">
            <Radix.ItemIndicator>
              <Check />
            </Radix.ItemIndicator>
          </span>
          {option.label}
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <Radix.Label className="px-2 py-1 text-xs text-text-3">{children}</Radix.Label>;
}

export function MenuSeparator() {
  return <Radix.Separator className="my-1 h-px bg-line" />;
}
