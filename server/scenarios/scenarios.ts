import { type Scenario, type ScenarioSettings } from '#contracts/scenario.ts';
import { LOCAL_OPERATOR } from '#server/engine/engine-parts.ts';
import { EngineError } from '#server/engine/errors.ts';
import { type ScenarioControl } from '#server/engine/scenario-control.ts';
import { type ScenarioStore } from '#server/engine/scenario-store.ts';
import { type Service } from '#server/engine/service.ts';
import { fanOut } from './fan-out/fan-out.ts';
import { type ScenarioDefinition } from './scenario.ts';
import { ScenarioRunner } from './scenario-runner.ts';
import { type ScenariosDependencies } from './scenarios-dependencies.ts';
import { shop } from './shop/shop.ts';

const LOOK_EVERY_MS = 3_000;
const noWork = () => Promise.resolve();

const SHIPPED: readonly ScenarioDefinition[] = [shop, fanOut];

/**
 * The sample systems. Promises: what ran when the server stopped runs after its next start, with the same rate and faults;
 * what a person stopped stays stopped. Commands are done one after the other.
 */
export function createScenarios(deps: ScenariosDependencies): {
  readonly control: ScenarioControl;
  readonly service: Service;
} {
  const book = new ScenarioBook(deps);
  return {
    control: {
      list: () => book.list(),
      start: (name) => book.inTurn(() => book.startScenario(name)),
      stop: (name) => book.inTurn(() => book.stopScenario(name)),
      update: (name, settings) => book.inTurn(() => book.update(name, settings)),
    },
    service: {
      name: 'scenarios',
      start: async () => {
        await book.inTurn(() => book.continueStored());
        book.watch();
      },
      stop: async () => {
        await book.unwatch();
        await book.inTurn(() => book.stopRunning());
      },
    },
  };
}

class ScenarioBook {
  readonly #deps: ScenariosDependencies;
  readonly #runners: ReadonlyMap<string, ScenarioRunner>;
  #last: Promise<unknown> = Promise.resolve();
  #watching = new AbortController();
  #watched: Promise<void> = Promise.resolve();

  constructor(deps: ScenariosDependencies) {
    this.#deps = deps;
    const definitions = deps.definitions ?? SHIPPED;
    this.#runners = new Map(
      definitions.map((definition) => [definition.name, new ScenarioRunner(deps, definition)]),
    );
  }

  inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  list(): Promise<readonly Scenario[]> {
    return Promise.resolve([...this.#runners.values()].map((runner) => runner.view()));
  }

  async startScenario(name: string): Promise<Scenario> {
    const runner = this.#runner(name);
    if (runner.isRunning) return runner.view();
    await runner.run();
    return this.#save(runner, 'weir.scenario.started');
  }

  async stopScenario(name: string): Promise<Scenario> {
    const runner = this.#runner(name);
    if (!runner.isRunning) return runner.view();
    await runner.halt();
    return this.#save(runner, 'weir.scenario.stopped');
  }

  async update(name: string, settings: ScenarioSettings): Promise<Scenario> {
    const runner = this.#runner(name);
    runner.apply(settings);
    return this.#save(runner, 'weir.scenario.changed');
  }

  async continueStored(): Promise<void> {
    const stored = await this.#deps.engine.scenarioStore.list();
    for (const row of stored) this.#runners.get(row.name)?.restore(row);
    const everStarted = new Set(
      stored.filter((row) => row.startedAt !== null).map((row) => row.name),
    );
    const { initial, logger } = this.#deps;
    const interrupted = new Set(
      stored.filter((row) => row.state === 'running').map((row) => row.name),
    );
    for (const [name, runner] of this.#runners) {
      const isFirst = name === initial && !everStarted.has(name);
      if (!isFirst && !interrupted.has(name)) continue;
      // A sample that cannot start must not keep the server from starting.
      await (isFirst ? this.startScenario(name) : runner.run()).catch((error: unknown) =>
        logger.error({ err: error, scenario: name }, 'a scenario could not start'),
      );
    }
  }

  /** Follows what people do to scenarios at other nodes; when told, and from time to time. */
  watch(): void {
    const { clock, engine } = this.#deps;
    this.#watching = new AbortController();
    const { signal } = this.#watching;
    const follow = () => this.inTurn(() => (signal.aborted ? noWork() : this.#followStored()));
    const stop = engine.scenarioStore.onChange(() => void follow());
    this.#watched = (async () => {
      while (!signal.aborted) {
        await clock.sleep(LOOK_EVERY_MS, signal);
        await follow();
      }
      stop();
    })();
  }

  async unwatch(): Promise<void> {
    this.#watching.abort();
    await this.#watched;
  }

  async #followStored(): Promise<void> {
    const { engine, logger } = this.#deps;
    try {
      for (const row of await engine.scenarioStore.list()) {
        const runner = this.#runners.get(row.name);
        if (runner === undefined) continue;
        runner.follow(row);
        if (row.state === 'running' && !runner.isRunning) await runner.run();
        if (row.state === 'stopped' && runner.isRunning) await runner.halt();
      }
    } catch (error) {
      logger.warn({ err: error }, 'the scenarios of other nodes are followed later');
    }
  }

  /** The state that is stored stays `running`: the next start goes on. */
  async stopRunning(): Promise<void> {
    for (const runner of this.#runners.values()) if (runner.isRunning) await runner.halt();
  }

  async #save(
    runner: ScenarioRunner,
    fact: Parameters<ScenarioStore['save']>[1],
  ): Promise<Scenario> {
    const { name, ratePerSecond, faults, state } = runner.view();
    const row = { name, state, ratePerSecond, faults };
    runner.restore(await this.#deps.engine.scenarioStore.save(row, fact, LOCAL_OPERATOR));
    return runner.view();
  }

  #runner(name: string): ScenarioRunner {
    const runner = this.#runners.get(name);
    if (runner !== undefined) return runner;
    throw new EngineError('unknown-scenario', `There is no scenario ${name}.`, { scenario: name });
  }
}
