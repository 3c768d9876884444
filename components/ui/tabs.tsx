'use client';
import { Tabs as Radix } from 'radix-ui';
import { type ReactNode } from 'react';
import { cn } from './cn.ts';

export type TabItem<Value extends string> = {
  readonly value: Value;
  readonly label: ReactNode;
  readonly content: ReactNode;
};

/** Only the chosen tab's content is mounted. */
export function Tabs<Value extends string>(props: {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  items: readonly TabItem<Value>[];
  className?: string | undefined;
  contentClassName?: string | undefined;
}) {
  const choose = (value: string) => {
    const chosen = props.items.find((item) => item.value === value);
    if (chosen) props.onChange(chosen.value);
  };
  return (
    <Radix.Root
      value={props.value}
      onValueChange={choose}
      className={cn('min-h-0', props.className)}
    >
      <Radix.List
        aria-label={props.label}
        className="flex gap-1 overflow-x-auto border-b border-line"
      >
        {props.items.map((item) => (
          <Radix.Trigger
            key={item.value}
            value={item.value}
            className="-mb-px inline-flex h-8 items-center gap-1.5 border-b-2 border-transparent px-2.5 text-s whitespace-nowrap text-text-2 hover:text-text focus-visible:-outline-offset-2 data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-text"
          >
            {item.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {props.items.map((item) => (
        <Radix.Content
          key={item.value}
          value={item.value}
          className={cn('pt-3 outline-offset-4', props.contentClassName)}
        >
          {item.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
