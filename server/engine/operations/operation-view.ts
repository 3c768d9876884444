import { type Operation } from '#contracts/operation.ts';
import { type OperationRow } from '#server/storage/operation-rows.ts';
import { type LiveProgress } from './operation-run.ts';
import { hasEnded } from './operation-state.ts';

/** The row as the API shows it, with what the run in this process knows beyond it. */
export function toOperation(row: OperationRow, live: LiveProgress | null): Operation {
  const done = live?.done ?? row.done;
  const failed = live?.failed ?? row.failed;
  const measuredPerSecond = round(live?.perSecond ?? averagePerSecond(row));
  const running = row.state === 'running';
  return {
    ...row,
    done,
    failed,
    detail: running ? (live?.detail ?? row.detail) : row.detail,
    position: live?.position ?? row.position,
    measuredPerSecond,
    etaMs: running
      ? etaMs(row.total - done - failed, measuredPerSecond || (row.ratePerSecond ?? 0))
      : null,
  };
}

/** Over its whole life once it has ended; nothing is measured while it waits. */
function averagePerSecond(row: OperationRow): number {
  if (!hasEnded(row.state) || row.startedAt === null || row.finishedAt === null) return 0;
  const ms = Math.max(1, Date.parse(row.finishedAt) - Date.parse(row.startedAt));
  return ((row.done + row.failed) * 1_000) / ms;
}

function etaMs(left: number, perSecond: number): number | null {
  if (left <= 0) return 0;
  return perSecond > 0 ? Math.round((left * 1_000) / perSecond) : null;
}

const round = (value: number): number => Math.round(value * 10) / 10;
