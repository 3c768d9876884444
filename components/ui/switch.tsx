'use client';
import { Switch as Radix } from 'radix-ui';
import { type ReactNode, useId } from 'react';

/** On or off, at once. The label is part of it. */
export function Switch(props: {
  label: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean | undefined;
}) {
  const id = useId();
  return (
    <span className="inline-flex items-center gap-2">
      <Radix.Root
        id={id}
        checked={props.checked}
        onCheckedChange={props.onChange}
        disabled={props.disabled ?? false}
        className="h-[18px] w-8 shrink-0 rounded-full border border-line-strong bg-line transition-colors disabled:opacity-50 data-[state=checked]:border-accent data-[state=checked]:bg-accent"
      >
        <Radix.Thumb className="block size-3.5 translate-x-px rounded-full bg-text transition-transform data-[state=checked]:translate-x-[15px] data-[state=checked]:bg-on-accent" />
      </Radix.Root>
      <label htmlFor={id} className="text-s text-text-2">
        {props.label}
      </label>
    </span>
  );
}
