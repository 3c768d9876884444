/** Anything that runs. `stop` is safe twice and before `start`, and waits for work in hand. */
export type Service = {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
};

/** Starts in order; if one fails, those already started are stopped and the first error is thrown. */
export async function startAll(services: readonly Service[]): Promise<void> {
  const started: Service[] = [];
  try {
    for (const service of services) {
      await service.start();
      started.push(service);
    }
  } catch (error) {
    await stopAll(started).catch(() => undefined);
    throw error;
  }
}

/** Stops in reverse order; every one is tried, and the first error is thrown at the end. */
export async function stopAll(services: readonly Service[]): Promise<void> {
  let firstError: unknown;
  for (const service of services.toReversed()) {
    try {
      await service.stop();
    } catch (error) {
      firstError ??= error;
    }
  }
  if (firstError !== undefined) throw firstError;
}
