import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './api-client.ts';
import { type HeapProbe } from './heap-probe.ts';
import { RawLiveClient } from './raw-live-client.ts';
import { until } from './until.ts';

/** What the kernels of both sides hold of a connection is a few MB, and frames are 256 KiB, ten a second. */
const STUCK_WITHIN_ROUNDS = 400;
const ROUND_MS = 50;
/** No frame in so many rounds: none of them takes any more. */
const STILL_ROUNDS = 20;
const GONE_WITHIN_MS = 10_000;
const PUBLISH_WITHIN_MS = 30_000;

export type Load = {
  readonly topic: string;
  /** Of each event, as JSON. */
  readonly data: unknown;
  /** Events of one round. */
  readonly batch: number;
};

export type StuckOptions = {
  readonly clients: number;
  readonly subscriptions: number;
  readonly fromPosition?: number;
};

/** Clients that have stopped reading, each for the same load. */
export class StuckClients {
  readonly clients: readonly RawLiveClient[];
  readonly #url: string;
  readonly #load: Load;
  /** Events published for them. */
  #published = 0;

  static async connect(url: string, load: Load, options: StuckOptions): Promise<StuckClients> {
    const clients: RawLiveClient[] = [];
    for (let at = 0; at < options.clients; at += 1) {
      const client = await RawLiveClient.connect(url);
      const from = options.fromPosition === undefined ? {} : { fromPosition: options.fromPosition };
      for (let id = 0; id < options.subscriptions; id += 1)
        client.subscribe({ id: `s${id}`, query: { topic: load.topic }, ...from });
      client.stopReading();
      clients.push(client);
    }
    return new StuckClients(url, load, clients);
  }

  private constructor(url: string, load: Load, clients: readonly RawLiveClient[]) {
    this.#url = url;
    this.#load = load;
    this.clients = clients;
  }

  get published(): number {
    return this.#published;
  }

  /**
   * Publishes until none of them is sent anything any more, and as many rounds again, so that they hold what they can. False
   * when they are sent frames even after many rounds.
   */
  async fill(): Promise<boolean> {
    let frames = -1;
    let stillFor = 0;
    for (let round = 0; stillFor < STILL_ROUNDS; round += 1) {
      if (round === STUCK_WITHIN_ROUNDS) return false;
      await this.#publish();
      await sleep(ROUND_MS);
      const now = await metric(this.#url, 'weir_live_frames_total');
      stillFor = now === frames ? stillFor + 1 : 0;
      frames = now;
    }
    for (let round = 0; round < STILL_ROUNDS; round += 1) await this.#publish();
    return true;
  }

  /**
   * How much more the server uses with them than without, in bytes: it is measured, they go, it is measured again, and
   * nothing else happens in between. So it does not matter what else the server has come to keep. They go by themselves,
   * or the server puts them out.
   */
  async cost(probe: HeapProbe, putOutWithinMs?: number): Promise<number> {
    const others = (await metric(this.#url, 'weir_live_clients')) - this.clients.length;
    const held = await probe.measure();
    if (putOutWithinMs === undefined) for (const client of this.clients) client.close();
    await until('they are gone', putOutWithinMs ?? GONE_WITHIN_MS, async () =>
      (await metric(this.#url, 'weir_live_clients')) === others ? true : undefined,
    );
    for (const client of this.clients) client.close();
    const gone = await probe.measure();
    return held.usedBytes - gone.usedBytes;
  }

  async #publish(): Promise<void> {
    await publishBatch(this.#url, this.#load);
    this.#published += this.#load.batch;
  }
}

export async function publishBatch(url: string, { topic, data, batch }: Load): Promise<void> {
  const events = Array.from({ length: batch }, () => ({ type: 'memory.measured', data }));
  const to = `${url}/api/v1/topics/${topic}/events`;
  const answer = await ask(to, 'POST', events, PUBLISH_WITHIN_MS);
  if (answer.status >= 300) throw new Error(JSON.stringify(answer));
}

export async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  if (line === undefined) throw new Error(`There is no ${name}.`);
  return Number(line.slice(name.length));
}
