'use client';
import { Check, ChevronDown } from 'lucide-react';
import { Select as Radix } from 'radix-ui';
import { type ReactNode } from 'react';
import { cn } from './cn.ts';

export type SelectOption<Value extends string> = {
  readonly value: Value;
  readonly label: ReactNode;
};

/** One of several. Needs `label` (its accessible name) or an `id` that a label points to. */
export function Select<Value extends string>(props: {
  value: Value | null;
  onChange: (value: Value) => void;
  options: readonly SelectOption<Value>[];
  label?: string | undefined;
  id?: string | undefined;
  placeholder?: string | undefined;
  disabled?: boolean | undefined;
  className?: string | undefined;
}) {
  const choose = (value: string) => {
    const chosen = props.options.find((option) => option.value === value);
    if (chosen) props.onChange(chosen.value);
  };
  return (
    <Radix.Root
      value={props.value ?? ''}
      onValueChange={choose}
      {...(props.disabled ? { disabled: true } : {})}
    >
      <Radix.Trigger
        {...(props.id ? { id: props.id } : {})}
        aria-label={props.label}
        className={cn(
          'inline-flex h-8 items-center justify-between gap-2 rounded-m border border-line bg-raised px-2.5 text-s whitespace-nowrap text-text transition-colors hover:border-line-strong disabled:opacity-50 data-placeholder:text-text-3',
          props.className,
        )}
      >
        <Radix.Value placeholder={props.placeholder} />
        <Radix.Icon>
          <ChevronDown className="size-3.5 text-text-3" />
        </Radix.Icon>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          position="popper"
          sideOffset={4}
          className="z-50 max-h-80 min-w-[var(--radix-select-trigger-width)] animate-appear overflow-hidden rounded-m border border-line-strong bg-raised shadow-raised"
        >
          <Radix.Viewport className="p-1">
            {props.options.map((option) => (
              <Radix.Item
                key={option.value}
                value={option.value}
                className="flex h-7 cursor-default items-center gap-2 rounded-s pr-3 pl-2 text-s text-text outline-none select-none data-highlighted:bg-accent-soft"
              >
                <span className="size-3.5">
                  <Radix.ItemIndicator>
                    <Check className="size-3.5" />
                  </Radix.ItemIndicator>
                </span>
                <Radix.ItemText>{option.label}</Radix.ItemText>
              </Radix.Item>
            ))}
          </Radix.Viewport>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
