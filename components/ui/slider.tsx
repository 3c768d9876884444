'use client';
import { Slider as Radix } from 'radix-ui';

/** One number in a range; `format` writes it for screen readers and beside the track. */
export function Slider(props: {
  label: string;
  value: number;
  min: number;
  max: number;
  step?: number | undefined;
  onChange: (value: number) => void;
  /** After letting go; for what should not follow every pixel. */
  onCommit?: ((value: number) => void) | undefined;
  format?: ((value: number) => string) | undefined;
  disabled?: boolean | undefined;
}) {
  const text = props.format?.(props.value) ?? String(props.value);
  return (
    <span className="flex items-center gap-3">
      <Radix.Root
        value={[props.value]}
        min={props.min}
        max={props.max}
        step={props.step ?? 1}
        disabled={props.disabled ?? false}
        onValueChange={([value]) => value !== undefined && props.onChange(value)}
        onValueCommit={([value]) => value !== undefined && props.onCommit?.(value)}
        className="relative flex h-6 min-w-24 flex-1 touch-none items-center select-none data-disabled:opacity-50"
      >
        <Radix.Track className="relative h-1 flex-1 rounded-full bg-line-strong">
          <Radix.Range className="absolute h-full rounded-full bg-accent" />
        </Radix.Track>
        <Radix.Thumb
          aria-label={props.label}
          aria-valuetext={text}
          className="block size-4 rounded-full border-2 border-accent bg-surface"
        />
      </Radix.Root>
      <output className="num min-w-14 text-right text-s text-text-2">{text}</output>
    </span>
  );
}
