import { cn } from './cn.ts';
import { TONE_VARIABLE, type Tone } from './tone.ts';

const WIDTH = 150;
const HEIGHT = 20;
const INSET = 1.5;

/** The shape of a series, without axes; the number it belongs to stands beside it. */
export function Sparkline(props: {
  values: readonly number[];
  tone?: Tone | undefined;
  /** Read to those who cannot see it. Without it the line is decoration. */
  label?: string | undefined;
  className?: string | undefined;
}) {
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className={cn('block h-5 w-full', props.className)}
      {...(props.label ? { role: 'img', 'aria-label': props.label } : { 'aria-hidden': true })}
    >
      <path
        d={pathOf(props.values)}
        fill="none"
        stroke={TONE_VARIABLE[props.tone ?? 'accent']}
        strokeWidth="1.4"
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}

function pathOf(values: readonly number[]): string {
  if (values.length < 2) return `M0 ${HEIGHT - INSET}H${WIDTH}`;
  const max = Math.max(...values, Number.EPSILON);
  const step = WIDTH / (values.length - 1);
  return values
    .map((value, index) => {
      const y = HEIGHT - INSET - (value / max) * (HEIGHT - 2 * INSET);
      return `${index === 0 ? 'M' : 'L'}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}
