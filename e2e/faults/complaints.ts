import { FaultRun, type HistoryReport, type Load } from './fault-run.ts';
import { type ServerOptions } from './server-launch.ts';

const SHOWN = 20;

export type Scenario = {
  /** What happens, for whoever reads the output. */
  readonly name: string;
  readonly seed: number;
  readonly server: ServerOptions;
  readonly load?: Load;
  /** Does its worst to a server under load. What it measured is printed; it throws when something came too late. */
  readonly hurt: (run: FaultRun) => Promise<Readonly<Record<string, unknown>>>;
  /** What this fault does not excuse either. */
  readonly complain?: (report: HistoryReport) => readonly string[];
};

/** What no fault excuses, in words; empty when all went well. */
export function complaintsAfter(scenario: Scenario): Promise<readonly string[]> {
  const { name, seed, server, load, hurt, complain = () => [] } = scenario;
  return FaultRun.during({ ...server, seed }, async (run) => {
    let measured: Readonly<Record<string, unknown>>;
    let report: HistoryReport;
    try {
      await run.load(load);
      measured = await hurt(run);
      report = await run.finish();
    } catch (error) {
      return [String(error)];
    }
    const { anomalies, dead, ...figures } = report;
    process.stdout.write(
      `${name}: ${JSON.stringify({ ...measured, ...figures, anomalies: anomalies.length })}\n`,
    );
    return [
      ...anomalies.slice(0, SHOWN).map(({ kind, detail }) => `${kind}: ${detail}`),
      ...(dead > 0 ? [`${dead} dead letters`] : []),
      ...(figures.failures['500 internal'] === undefined ? [] : ['the server answered 500']),
      ...complain(report),
    ];
  });
}
