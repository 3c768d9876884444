import { afterEach, expect, test } from 'vitest';
import { FaultRun } from './fault-run.ts';
import { LyingProxy } from './lying-proxy.ts';
import { until } from './until.ts';

const LIES = 3;

let run: FaultRun | undefined;
let proxy: LyingProxy | undefined;
afterEach(async () => {
  await run?.remove({ expectsAnomalies: true });
  await proxy?.stop();
  run = undefined;
  proxy = undefined;
});

test('the checker names every event that was acknowledged and never stored', async () => {
  run = await FaultRun.start(1);
  const liar = await LyingProxy.start(run.server.url);
  proxy = liar;
  await run.load({ producerUrl: liar.url });
  await until('the proxy has lied', 60_000, () =>
    liar.liedAbout.length >= LIES ? true : undefined,
  );

  const { anomalies } = await run.finish();

  const lost = anomalies.filter(({ kind }) => kind === 'acknowledged-but-lost');
  expect(lost.map(({ detail }) => detail.split(',', 1).join()).toSorted()).toEqual(
    liar.liedAbout.toSorted(),
  );
});
