import { type Database } from '#server/storage/database.ts';
import { selectRecordedBefore } from '#server/storage/event-query-rows.ts';
import { type EventLog } from './event-log.ts';
import { instant } from './instant.ts';

type PositionDependencies = {
  readonly database: Database;
  readonly log: Pick<EventLog, 'tailPosition'>;
};

/**
 * The first position recorded at or after a time. Times of recording never go back along positions, so a binary search
 * over the primary key finds it in some twenty probes; gaps left by retention are stepped over.
 */
export async function findPositionAt(deps: PositionDependencies, time: string): Promise<number> {
  const wanted = instant('time', time) ?? time;
  const tail = deps.log.tailPosition();
  let low = 1;
  let high = tail + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = await selectRecordedBefore(deps.database.pool, middle, wanted);
    if (found !== null && found.earlier && found.position <= tail) low = found.position + 1;
    else high = middle;
  }
  const first = await selectRecordedBefore(deps.database.pool, low, wanted);
  return first === null || first.position > tail ? tail + 1 : first.position;
}
