import { cn } from './cn.ts';
import { TONE_VARIABLE, type Tone } from './tone.ts';

/** How far something is: 0 to 1; null while unknown. */
export function ProgressBar(props: {
  label: string;
  share: number | null;
  tone?: Tone | undefined;
  /** Read out in place of the percentage. */
  text?: string | undefined;
  className?: string | undefined;
}) {
  const percent = props.share === null ? null : Math.round(clamp(props.share) * 100);
  return (
    <div
      role="progressbar"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent ?? undefined}
      aria-valuetext={props.text ?? (percent === null ? 'unknown' : `${percent} %`)}
      className={cn('h-1.5 w-full overflow-hidden rounded-full bg-line', props.className)}
    >
      <div
        className={cn('h-full rounded-full', percent === null && 'w-1/3 animate-pulse-soft')}
        style={{
          ...(percent === null ? {} : { width: `${percent}%` }),
          background: TONE_VARIABLE[props.tone ?? 'accent'],
        }}
      />
    </div>
  );
}

function clamp(share: number): number {
  return Math.min(Math.max(share, 0), 1);
}
