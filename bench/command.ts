import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

export const HELP = `npm run bench -- <command> [options]

  http [url]   publishes over HTTP and follows the live feed; the default. Without a url it starts a production server of its
               own, which needs \`npm run build\` once. About 3 minutes.
  engine [names]  in the engine, without HTTP, with CPU time: append, append-batch, shards, latency, drain, read-all, replay, stream-read,
               contended, idle. Without names all of them, and the result is kept. About 5 minutes.
  peers        Weir beside raw pg, pg-boss, graphile-worker, emmett and message-db on one Postgres. About an hour.
                 --quick             small loads, one run each: about 10 minutes, kept nowhere
                 --runs <n>          runs of each (3)
                 --systems <a;b>     only these: weir, raw pg, raw pg, COPY, pg-boss, pg-boss, batched …
                 --measures <a;b>    only these: append, latency, follow, drain, read all, stream, contend
                 --keep              keep the result of a run that was quick or not of all
  growth       one log from 10,000 to 10,000,000 events, measured at each size. About 15 minutes and 8 GB of disk.
                 --to <events>       the last size (10000000)
                 --folder <path>     where the log grows; removed at the end
                 --keep              do not remove it
                 --minutes <n>       stop filling after this long and keep the folder; call again to go on
  report       writes the newest kept results into docs/benchmarks.md and draws the chart.

  --shared     for engine, peers and growth: other work runs on the machine; the result says so.`;

const SIZES = [10_000, 100_000, 1_000_000, 10_000_000];
const MS_PER_MINUTE = 60_000;
const RUNS = 3;

export type Command =
  | { readonly type: 'help' }
  | { readonly type: 'http'; readonly url: string | undefined }
  | { readonly type: 'engine'; readonly names: readonly string[]; readonly isShared: boolean }
  | {
      readonly type: 'peers';
      readonly isQuick: boolean;
      readonly isKept: boolean;
      readonly isShared: boolean;
      readonly runs: number;
      /** Empty: all. */
      readonly systems: readonly string[];
      readonly measures: readonly string[];
    }
  | {
      readonly type: 'growth';
      readonly isShared: boolean;
      readonly sizes: readonly number[];
      readonly folder: string;
      readonly budgetMs: number;
      readonly isKept: boolean;
    }
  | { readonly type: 'report' };

/** What the command line asks for. Throws on an option or command that does not exist. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      quick: { type: 'boolean', default: false },
      shared: { type: 'boolean', default: false },
      runs: { type: 'string' },
      systems: { type: 'string', default: '' },
      measures: { type: 'string', default: '' },
      to: { type: 'string', default: String(SIZES.at(-1)) },
      keep: { type: 'boolean', default: false },
      folder: { type: 'string', default: join(tmpdir(), 'weir-growth') },
      minutes: { type: 'string', default: 'Infinity' },
    },
  });
  const [name = 'http', ...rest] = positionals;
  const isShared = values.shared;
  if (values.help) return { type: 'help' };
  if (name.startsWith('http://')) return { type: 'http', url: name };
  switch (name) {
    case 'http':
      return { type: 'http', url: rest[0] };
    case 'engine':
      return { type: 'engine', names: rest, isShared };
    case 'report':
      return { type: 'report' };
    case 'peers':
      return {
        type: 'peers',
        isQuick: values.quick,
        isKept: values.keep || (!values.quick && values.systems === '' && values.measures === ''),
        isShared,
        runs: Number(values.runs ?? (values.quick ? 1 : RUNS)),
        systems: listOf(values.systems),
        measures: listOf(values.measures),
      };
    case 'growth':
      return {
        type: 'growth',
        isShared,
        sizes: SIZES.filter((size) => size <= Number(values.to)),
        folder: values.folder,
        isKept: values.keep,
        budgetMs: Number(values.minutes) * MS_PER_MINUTE,
      };
    default:
      throw new Error(`There is no command ${name}. See npm run bench -- --help`);
  }
}

const listOf = (text: string): string[] =>
  text
    .split(';')
    .map((item) => item.trim())
    .filter((item) => item !== '');
