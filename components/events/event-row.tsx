import { Time } from '#components/ui/time.tsx';
import { type StoredEvent } from '#contracts/event.ts';

export const EVENT_ROW_HEIGHT = 32;
const PREVIEW_CHARACTERS = 400;

const COLUMNS =
  'grid items-center gap-3 px-4 text-s grid-cols-[84px_minmax(0,1fr)] sm:grid-cols-[104px_minmax(120px,200px)_minmax(110px,170px)_minmax(0,1fr)] lg:grid-cols-[104px_minmax(120px,220px)_minmax(110px,170px)_minmax(100px,180px)_minmax(0,1fr)]';

/** Names of the columns; stands above the list. */
export function EventColumns() {
  return (
    <div aria-hidden className={`${COLUMNS} h-8 border-b border-line text-xs text-text-3`}>
      <span>time</span>
      <span>type</span>
      <span className="max-sm:hidden">topic · partition · offset</span>
      <span className="max-lg:hidden">key</span>
      <span className="max-sm:hidden">data</span>
    </div>
  );
}

/** One event on one line. */
export function EventRow({ event }: { event: StoredEvent }) {
  return (
    <div className={`${COLUMNS} h-full`}>
      <Time at={event.time} className="truncate text-text-3" />
      <span className="truncate font-medium" title={event.type}>
        {event.type}
      </span>
      <span className="num truncate text-text-2 max-sm:hidden">
        {event.topic}
        <span className="text-text-3">
          {' '}
          {event.partition}·{event.offset}
        </span>
      </span>
      <span className="num truncate text-text-2 max-lg:hidden">
        {event.partitionkey ?? event.stream ?? event.subject ?? ''}
      </span>
      <span className="truncate font-mono text-xs text-text-3 max-sm:hidden">{preview(event)}</span>
    </div>
  );
}

function preview(event: StoredEvent): string {
  if (event.data_base64 !== undefined) return '(binary)';
  if (event.data === undefined) return '';
  return JSON.stringify(event.data).slice(0, PREVIEW_CHARACTERS);
}
