import { formatDuration } from '#lib/format/duration.ts';
import { formatCount, formatPlural } from '#lib/format/number.ts';
import { type TimelineHit } from './hit-test.ts';

export type HoveredHit = { readonly hit: TimelineHit; readonly x: number; readonly y: number };

const WIDTH = 260;

const iso = (at: number) => new Date(at).toISOString().replace('T', ' ').replace('Z', ' UTC');

const HitText = ({ hit }: { hit: TimelineHit }) => {
  if (hit.kind === 'event')
    return (
      <>
        <p className="num truncate font-medium text-text">{hit.dot.type}</p>
        <p className="num text-text-2">{iso(hit.dot.at)}</p>
        <p className="text-text-3">
          <span className="num">{hit.dot.topic}</span> · position{' '}
          <span className="num">{formatCount(hit.dot.position)}</span>
        </p>
        <p className="mt-1 text-text-3">Click to see its causes and effects</p>
      </>
    );
  return (
    <>
      <p className="font-medium text-text">
        {formatPlural(hit.count, 'event')}
        {hit.failed > 0 ? (
          <span className="text-fail"> · {formatCount(hit.failed)} failed</span>
        ) : null}
      </p>
      <p className="num text-text-2">{iso(hit.from)}</p>
      <p className="text-text-3">
        {hit.lane}, {formatDuration(hit.to - hit.from)}
      </p>
    </>
  );
};

/** What stands under the pointer. The table says the same to those without one. */
export const TimelineTooltip = ({ hit, x, y }: HoveredHit) => (
  <div
    aria-hidden
    className="pointer-events-none fixed z-20 rounded-m border border-line-strong bg-raised px-2.5 py-1.5 text-xs shadow-raised"
    style={{
      width: WIDTH,
      left: Math.min(x + 14, window.innerWidth - WIDTH - 8),
      top: Math.min(y + 14, window.innerHeight - 110),
    }}
  >
    <HitText hit={hit} />
  </div>
);
