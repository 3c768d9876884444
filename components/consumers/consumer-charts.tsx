'use client';
import { useQuery } from '@tanstack/react-query';
import { useQueryState } from 'nuqs';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { type ChartSeries, TimeSeriesChart } from '#components/ui/time-series-chart.tsx';
import { TONE_VARIABLE } from '#components/ui/tone.ts';
import { formatDuration } from '#lib/format/duration.ts';
import { formatCompact, formatRate } from '#lib/format/number.ts';
import { subscriptionHistoryQuery } from '#lib/queries/subscriptions.ts';
import { choiceParam } from '#lib/state/url-state.ts';
import { useViewStore } from '#lib/state/view-store.ts';
import { type HistorySeries, historySeries } from './history-series.ts';
import { QueryTrouble } from './query-trouble.tsx';

const RANGES = {
  '5m': { label: '5 min', name: 'the last 5 minutes', spanMs: 300_000, stepMs: 2_000 },
  '1h': { label: '1 h', name: 'the last hour', spanMs: 3_600_000, stepMs: 15_000 },
  '24h': { label: '24 h', name: 'the last 24 hours', spanMs: 86_400_000, stepMs: 300_000 },
} as const;
type Range = keyof typeof RANGES;
const CHART_HEIGHT_PX = 150;

/** Throughput, lag and latency over time. */
export function ConsumerCharts({ name }: { name: string }) {
  const [range, setRange] = useQueryState('range', choiceParam(['5m', '1h', '24h'] as const));
  const { spanMs, stepMs } = RANGES[range];
  const query = useQuery(subscriptionHistoryQuery(name, spanMs, stepMs));
  const toMs = query.dataUpdatedAt;
  const series = query.data ? historySeries(query.data, { fromMs: toMs - spanMs, toMs }) : null;
  return (
    <section aria-label="History">
      <div className="mb-2 flex items-center gap-3">
        <h2 className="text-m font-semibold">History</h2>
        <Segmented
          label="Range of the charts"
          value={range}
          onChange={(next) => void setRange(next)}
          options={(['5m', '1h', '24h'] as const).map((value) => ({
            value,
            label: RANGES[value].label,
          }))}
        />
      </div>
      {query.isPending ? (
        <div className="grid gap-3 lg:grid-cols-3">
          <Skeleton className="h-[212px]" />
          <Skeleton className="h-[212px]" />
          <Skeleton className="h-[212px]" />
        </div>
      ) : null}
      {query.error && !query.data ? (
        <QueryTrouble
          error={query.error}
          isFetching={query.isFetching}
          onRetry={() => void query.refetch()}
          what="its history"
        />
      ) : null}
      {series?.isEmpty ? (
        <EmptyState kind="nothing-exists" title={`Nothing handled in ${RANGES[range].name}`}>
          Measurements appear as soon as an event is delivered.
        </EmptyState>
      ) : null}
      {series && !series.isEmpty ? <Charts name={name} range={range} series={series} /> : null}
    </section>
  );
}

function Charts({ name, range, series }: { name: string; range: Range; series: HistorySeries }) {
  const isUtc = useViewStore((view) => view.timeDisplay) === 'utc';
  const common = { times: series.times, isUtc, over: `${name} over ${RANGES[range].name}` };
  return (
    <div className="grid gap-3 lg:grid-cols-3">
      <Chart
        {...common}
        title="Throughput"
        series={[
          { label: 'handled/s', tone: 'accent', values: series.handled, fill: true },
          { label: 'failed/s', tone: 'fail', values: series.failed },
        ]}
        formatValue={formatRate}
      />
      <Chart
        {...common}
        title="Lag"
        series={[{ label: 'events', tone: 'accent', values: series.lag, fill: true }]}
        formatValue={formatCompact}
      />
      <Chart
        {...common}
        title="Latency"
        series={[
          { label: 'p50', tone: 'neutral', values: series.p50 },
          { label: 'p95', tone: 'accent', values: series.p95 },
          { label: 'p99', tone: 'slow', values: series.p99 },
        ]}
        formatValue={formatDuration}
      />
    </div>
  );
}

function Chart(props: {
  title: string;
  over: string;
  times: readonly number[];
  series: readonly ChartSeries[];
  formatValue: (value: number) => string;
  isUtc: boolean;
}) {
  return (
    <div className="min-w-0 rounded-m border border-line bg-surface px-3 pt-2 pb-1.5">
      <div className="mb-1 flex flex-wrap items-center gap-x-3">
        <h3 className="text-s font-medium">{props.title}</h3>
        {props.series.map((each) => (
          <span key={each.label} className="inline-flex items-center gap-1.5 text-xs text-text-2">
            <span
              aria-hidden
              className="inline-block h-0.5 w-3 rounded-full"
              style={{ background: TONE_VARIABLE[each.tone] }}
            />
            {each.label} <span className="num text-text">{latestOf(each, props.formatValue)}</span>
          </span>
        ))}
      </div>
      <TimeSeriesChart
        label={`${props.title} of ${props.over}`}
        times={props.times}
        series={props.series}
        formatValue={props.formatValue}
        height={CHART_HEIGHT_PX}
        isUtc={props.isUtc}
        isLastPartial
      />
    </div>
  );
}

/** The last whole step; the one that is not over says too little. */
function latestOf(series: ChartSeries, formatValue: (value: number) => string): string {
  const value = series.values.at(-2) ?? null;
  return value === null ? '–' : formatValue(value);
}
