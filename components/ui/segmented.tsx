'use client';
import { ToggleGroup } from 'radix-ui';
import { type ReactNode } from 'react';
import { cn } from './cn.ts';

/** One of a few, all in sight. */
export function Segmented<Value extends string>(props: {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  options: readonly { readonly value: Value; readonly label: ReactNode; readonly name?: string }[];
  className?: string | undefined;
}) {
  const choose = (value: string) => {
    const chosen = props.options.find((option) => option.value === value);
    if (chosen) props.onChange(chosen.value);
  };
  return (
    <ToggleGroup.Root
      type="single"
      value={props.value}
      onValueChange={choose}
      aria-label={props.label}
      className={cn('inline-flex h-7 rounded-m border border-line bg-bg p-0.5', props.className)}
    >
      {props.options.map((option) => (
        <ToggleGroup.Item
          key={option.value}
          value={option.value}
          aria-label={option.name}
          className="inline-flex items-center gap-1.5 rounded-s px-2 text-s whitespace-nowrap text-text-2 transition-colors hover:text-text data-[state=on]:bg-raised data-[state=on]:font-medium data-[state=on]:text-text data-[state=on]:shadow-[0_0_0_1px_var(--line-strong)] [&_svg]:size-3.5"
        >
          {option.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}
