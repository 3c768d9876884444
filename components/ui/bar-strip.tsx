import { cn } from './cn.ts';
import { TONE_VARIABLE, type Tone } from './tone.ts';

export type Bar = {
  readonly key: string;
  readonly value: number;
  readonly tone?: Tone | undefined;
  /** Shown on hover and read out. */
  readonly label: string;
};

/** A few bars on one ground line, as tall as their share of the largest. */
export function BarStrip(props: {
  label: string;
  bars: readonly Bar[];
  className?: string | undefined;
}) {
  const max = Math.max(...props.bars.map((bar) => bar.value), Number.EPSILON);
  return (
    <ul
      aria-label={props.label}
      className={cn('flex h-11 list-none items-end gap-1.5 border-b border-line', props.className)}
    >
      {props.bars.map((bar) => (
        <li key={bar.key} title={bar.label} className="relative flex h-full flex-1 items-end">
          <span
            className="w-full rounded-t-[2px] opacity-80"
            style={{
              height: `${Math.max((bar.value / max) * 100, bar.value > 0 ? 4 : 1)}%`,
              background: TONE_VARIABLE[bar.tone ?? 'accent'],
            }}
          />
          <span className="sr-only">{bar.label}</span>
        </li>
      ))}
    </ul>
  );
}
