import { type TestDatabase } from '../test-database.ts';
import { type LogClient } from './log-driver.ts';
import { openTableLog } from './table-log.ts';

/**
 * Broken on purpose: readers see what is below the oldest transaction still running, in the order of transaction ids. Nothing
 * is lost; but a transaction that began early and appended late comes first, and any open transaction of the cluster,
 * in whatever database, stops the reading.
 */
export const openXidOrderLog = (kit: TestDatabase): Promise<LogClient> =>
  openTableLog(kit, {
    follows:
      '(e.xid, e.position) > ($2::xid8, $1::bigint) AND e.xid < pg_snapshot_xmin(pg_current_snapshot())',
    orderBy: 'e.xid, e.position',
  });
