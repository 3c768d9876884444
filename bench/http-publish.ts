import autocannon from 'autocannon';

type Load = { readonly connections: number; readonly perRequest: number };

export type PublishFigures = {
  readonly work: string;
  readonly connections: number;
  readonly perRequest: number;
  readonly eventsPerSecond: readonly number[];
  readonly median: number;
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  readonly verified: boolean;
};

const RUNS = 3;
const SECONDS = 8;
const WARM_UP_SECONDS = 2;
const PAYLOAD_FILL = 230;
const SETTLE_MS = 200;

const LOADS: readonly Load[] = [
  { connections: 1, perRequest: 1 },
  { connections: 64, perRequest: 1 },
  { connections: 8, perRequest: 100 },
];

/**
 * Durable publishes over HTTP, closed loop, events of about 300 bytes. A run counts only when the log afterwards holds exactly what
 * was answered 201.
 */
export async function benchHttpPublish(url: string): Promise<PublishFigures[]> {
  const figures: PublishFigures[] = [];
  for (const load of LOADS) {
    const runs: Awaited<ReturnType<typeof runOnce>>[] = [];
    await runOnce(url, load, WARM_UP_SECONDS);
    for (let run = 0; run < RUNS; run += 1) runs.push(await runOnce(url, load, SECONDS));
    const rates = runs.map((run) => run.eventsPerSecond).toSorted((a, b) => a - b);
    const middle = runs.toSorted((a, b) => a.eventsPerSecond - b.eventsPerSecond)[1];
    figures.push({
      work: load.perRequest === 1 ? 'single publish' : `batches of ${load.perRequest}`,
      ...load,
      eventsPerSecond: rates,
      median: middle?.eventsPerSecond ?? 0,
      latencyP50Ms: middle?.p50 ?? 0,
      latencyP99Ms: middle?.p99 ?? 0,
      verified: runs.every((run) => run.verified),
    });
  }
  return figures;
}

async function runOnce(url: string, load: Load, seconds: number) {
  const topic = `bench-${load.connections}-${load.perRequest}`;
  const event = {
    type: 'order.placed',
    source: '/bench',
    data: { orderId: 'ord_8841', total: 149.9, note: 'x'.repeat(PAYLOAD_FILL) },
  };
  const body = JSON.stringify(
    load.perRequest === 1 ? event : Array.from({ length: load.perRequest }, () => event),
  );
  const before = await settled(url, topic);
  const result = await autocannon({
    url: `${url}/api/v1/topics/${topic}/events`,
    method: 'POST',
    connections: load.connections,
    duration: seconds,
    headers: { 'content-type': 'application/json' },
    body,
  });
  const after = await settled(url, topic);
  const answered = result['2xx'] * load.perRequest;
  // What was cut off at the end of the run may be stored without an answer.
  const unanswered = load.connections * load.perRequest;
  const verified =
    result.non2xx === 0 && after - before >= answered && after - before <= answered + unanswered;
  return {
    eventsPerSecond: Math.round(answered / result.duration),
    p50: result.latency.p50,
    p99: result.latency.p99,
    verified,
  };
}

// What the end of a run cut off may still be on its way to the disk.
async function settled(url: string, topic: string): Promise<number> {
  let count = await stored(url, topic);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const next = await stored(url, topic);
    if (next === count) return count;
    count = next;
  }
}

async function stored(url: string, topic: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/topics/${topic}`);
  if (answer.status === 404) return 0;
  const body: unknown = await answer.json();
  return typeof body === 'object' && body !== null && 'events' in body ? Number(body.events) : 0;
}
