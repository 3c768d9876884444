'use client';
import 'uplot/dist/uPlot.min.css';
import { useEffect, useMemo, useRef } from 'react';
import UPlot from 'uplot';
import { cn } from './cn.ts';
import { tokensOf, watchTheme } from './theme-tokens.ts';
import { type Tone } from './tone.ts';

export type ChartSeries = {
  readonly label: string;
  readonly tone: Tone;
  /** As many as `times`; null where nothing was measured. */
  readonly values: readonly (number | null)[];
  readonly fill?: boolean | undefined;
};

export type TimeSeriesChartProps = {
  /** What is shown, for screen readers: "Lag of payment-service over the last hour". */
  label: string;
  /** Milliseconds since 1970, ascending. */
  times: readonly number[];
  series: readonly ChartSeries[];
  formatValue: (value: number) => string;
  /** The last bucket is not over yet: drawn dashed. */
  isLastPartial?: boolean | undefined;
  isUtc?: boolean | undefined;
  height?: number | undefined;
  className?: string | undefined;
};

const HEIGHT_PX = 140;
const FALLBACK_WIDTH_PX = 320;
const DASH = [4, 4];
const SECONDS = 1_000;
const MINUTE_SECONDS = 60;
const DAY_SECONDS = 86_400;

/** Lines over time. Follows theme and width; says its latest and largest values in words as well. */
export function TimeSeriesChart(props: TimeSeriesChartProps) {
  const height = props.height ?? HEIGHT_PX;
  const isPartial = props.isLastPartial ?? false;
  const data = useMemo(
    () => alignedData(props.times, props.series, isPartial),
    [props.times, props.series, isPartial],
  );
  // What a drawn chart cannot change: a new shape is a new chart.
  const shape = JSON.stringify([
    props.series.map(({ label, tone, fill }) => [label, tone, fill]),
    isPartial && props.times.length > 1,
    props.isUtc,
  ]);
  return <Plot key={shape} {...props} data={data} height={height} />;
}

function Plot(props: TimeSeriesChartProps & { data: UPlot.AlignedData; height: number }) {
  const { data, height } = props;
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot | null>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });

  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    const made = new UPlot(
      optionsOf(latest, { width: element.clientWidth || FALLBACK_WIDTH_PX, height }),
      [[]],
      element,
    );
    chart.current = made;
    const resize = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth || FALLBACK_WIDTH_PX, height }),
    );
    resize.observe(element);
    const stopTheme = watchTheme(() => made.redraw(false, true));
    return () => {
      resize.disconnect();
      stopTheme();
      made.destroy();
      chart.current = null;
    };
  }, [height]);

  useEffect(() => {
    chart.current?.setData(data);
  }, [data]);

  return (
    <figure className={cn('m-0', props.className)} aria-label={props.label}>
      <div ref={host} aria-hidden className="w-full" style={{ height }} />
      <figcaption className="sr-only">{summaryOf(props)}</figcaption>
    </figure>
  );
}

/** Partial ends are series of their own, so that they can be dashed. */
function alignedData(
  times: readonly number[],
  series: readonly ChartSeries[],
  isPartial: boolean,
): UPlot.AlignedData {
  const x = times.map((ms) => ms / SECONDS);
  const whole = series.map((each) => [...each.values]);
  if (!isPartial || times.length < 2) return [x, ...whole];
  const last = times.length - 1;
  const ends = whole.map((values) => values.map((value, i) => (i >= last - 1 ? value : null)));
  const cut = whole.map((values) => values.map((value, i) => (i === last ? null : value)));
  return [x, ...cut, ...ends];
}

function optionsOf(
  latest: { readonly current: TimeSeriesChartProps },
  { width, height }: { readonly width: number; readonly height: number },
): UPlot.Options {
  const props = latest.current;
  const isPartial = (props.isLastPartial ?? false) && props.times.length >= 2;
  const lines = props.series.map((each) => lineOf(each));
  const ends = isPartial ? props.series.map((each) => ({ ...lineOf(each), dash: DASH })) : [];
  const axis: UPlot.Axis = {
    stroke: () => tokenColour('--text-3'),
    grid: { stroke: () => tokenColour('--line'), width: 1 },
    ticks: { show: false },
    font: `10px ${tokenColour('--mono')}`,
  };
  return {
    width,
    height,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    scales: {
      y: { range: (_, min, max) => [Math.min(0, min ?? 0), Math.max(max ?? 0, 1) * 1.08] },
    },
    axes: [
      {
        ...axis,
        size: 22,
        gap: 4,
        space: 56,
        values: (...[, splits, , , stepSeconds]) =>
          splits.map((seconds) => tickOf(seconds, stepSeconds, props.isUtc ?? false)),
      },
      {
        ...axis,
        size: 52,
        gap: 4,
        space: 28,
        values: (_, splits) => splits.map((value) => props.formatValue(value)),
      },
    ],
    series: [{}, ...lines, ...ends],
    hooks: { setCursor: [(plot) => showReadout(plot, latest.current)] },
  };
}

/** As much of the instant as tells neighbours apart: date, minutes or seconds. */
function tickOf(seconds: number, stepSeconds: number, isUtc: boolean): string {
  const instant = new Date(seconds * SECONDS);
  const zone = isUtc ? { timeZone: 'UTC' } : {};
  if (stepSeconds >= DAY_SECONDS) {
    return instant.toLocaleDateString('sv', { ...zone, month: '2-digit', day: '2-digit' });
  }
  return instant.toLocaleTimeString('sv', {
    ...zone,
    hour: '2-digit',
    minute: '2-digit',
    ...(stepSeconds < MINUTE_SECONDS ? { second: '2-digit' } : {}),
  });
}

function lineOf(series: ChartSeries): UPlot.Series {
  const variable = series.tone === 'neutral' ? '--text-3' : `--${series.tone}`;
  return {
    label: series.label,
    stroke: () => tokenColour(variable),
    width: 1.5,
    points: { show: false },
    ...(series.fill && series.tone !== 'neutral'
      ? { fill: () => tokenColour(`--${series.tone}-soft`) }
      : {}),
  };
}

/** The hovered values as the chart's title, so that they need no room. */
function showReadout(plot: UPlot, props: TimeSeriesChartProps): void {
  const index = plot.cursor.idx;
  if (index === null || index === undefined) {
    plot.root.removeAttribute('title');
    return;
  }
  const at = props.times[index];
  const values = props.series.map((each) => {
    const value = each.values[index];
    return `${each.label}: ${value === null || value === undefined ? '–' : props.formatValue(value)}`;
  });
  plot.root.title = [at === undefined ? '' : new Date(at).toISOString(), ...values].join('\n');
}

function summaryOf(props: TimeSeriesChartProps): string {
  return props.series
    .map((each) => {
      const known = each.values.filter((value) => value !== null);
      const newest = known.at(-1);
      if (newest === undefined) return `${each.label}: no measurements.`;
      const largest = Math.max(...known);
      return `${each.label}: now ${props.formatValue(newest)}, largest ${props.formatValue(largest)}.`;
    })
    .join(' ');
}

function tokenColour(variable: string): string {
  return tokensOf(document.documentElement)(variable);
}
