import { type Db } from '#server/storage/database.ts';
import { selectLowMarks } from '#server/storage/low-mark-rows.ts';
import { type LogRecord } from './event-record.ts';

/** How far retention has come, as this process last saw it: it may be behind by one look, never ahead. */
export class LowMarks {
  #offsets = new Map<string, number>();
  #position = 0;

  async refresh(db: Db): Promise<void> {
    const marks = await selectLowMarks(db);
    this.#offsets = new Map(
      marks.map((mark) => [`${mark.topicId}:${mark.partition}`, mark.offset]),
    );
    this.#position = marks.reduce((highest, mark) => Math.max(highest, mark.position), 0);
  }

  /** First offset of a partition that is left; 0 when nothing is gone. */
  offset(topicId: number, partition: number): number {
    if (this.#offsets.size === 0) return 0;
    return this.#offsets.get(`${topicId}:${partition}`) ?? 0;
  }

  isLeft(record: LogRecord): boolean {
    return (
      record.position >= this.#position ||
      record.offset >= this.offset(record.topicId, record.partition)
    );
  }
}
