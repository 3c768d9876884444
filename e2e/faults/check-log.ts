import { type StoredEvent } from '#contracts/event.ts';
import { type Anomaly } from './anomaly.ts';

/** Positions are dense from 1, offsets dense from 0 per partition, and time of recording never goes back. */
export function checkLog(log: readonly StoredEvent[]): readonly Anomaly[] {
  const anomalies: Anomaly[] = [];
  const heads = new Map<string, number>();
  let recordedAt = '';
  log.forEach((event, index) => {
    if (event.position !== index + 1)
      anomalies.push({
        kind: 'position-gap',
        detail: `event ${index + 1} of the log has position ${event.position}`,
      });
    const partition = `${event.topic}/${event.partition}`;
    const head = heads.get(partition) ?? 0;
    if (event.offset !== head)
      anomalies.push({
        kind: 'offset-gap',
        detail: `${partition} goes on with ${event.offset} instead of ${head}`,
      });
    heads.set(partition, event.offset + 1);
    if (event.recordedAt < recordedAt)
      anomalies.push({
        kind: 'time-went-back',
        detail: `${event.recordedAt} at position ${event.position} follows ${recordedAt}`,
      });
    recordedAt = event.recordedAt;
  });
  return anomalies;
}
