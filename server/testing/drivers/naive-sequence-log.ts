import { type TestDatabase } from '../test-database.ts';
import { type LogClient } from './log-driver.ts';
import { openTableLog } from './table-log.ts';

/**
 * Broken on purpose: a sequence gives the position and readers ask for what is above their cursor. A transaction that takes
 * its number first and commits last is passed by and never read. Its appends to a stream check, then insert: two can win.
 */
export const openNaiveSequenceLog = (kit: TestDatabase): Promise<LogClient> =>
  openTableLog(kit, {
    // The cursor's transaction is named only so that both drivers take the same parameters.
    follows: 'e.position > $1 AND $2::xid8 IS NOT NULL',
    orderBy: 'e.position',
  });
