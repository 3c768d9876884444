// RT-14. Of all who append to a stream at once and expect the same version, one succeeds; the others learn the version that
// the stream has now. Whoever is told that it succeeded finds its event in the stream.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LogClient, VersionConflict } from '#server/testing/drivers/log-driver.ts';
import { openNaiveSequenceLog } from '#server/testing/drivers/naive-sequence-log.ts';
import { openWeirLog } from '#server/testing/drivers/weir-log.ts';
import { sabotageFunction } from '#server/testing/sabotage-function.ts';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';

const ROUNDS = Number(process.env['WEIR_CONFLICT_ROUNDS'] ?? '100');
const MUTANT_ROUNDS = 5;
const AT_ONCE = 64;
const ROUND_MS = 1_000;
const STREAM = 'account-1';

let kit: TestDatabase;
const clients: LogClient[] = [];
beforeEach(async () => {
  kit = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await kit.drop();
});

type Rounds = {
  /** Rounds by how many appends were told that they succeeded. */
  readonly winners: Record<number, number>;
  /** Losers that were told another version than the one the winner made. */
  readonly misled: number;
  /** Ids of the winners, in the order of rounds. */
  readonly told: readonly string[];
};

/** In each round all expect the version that the rounds before have made. */
async function play(rounds: number, processes: readonly LogClient[]): Promise<Rounds> {
  const winners: Record<number, number> = {};
  const told: string[] = [];
  let misled = 0;
  for (let version = 0; version < rounds; version += 1) {
    const outcomes = await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, index) => {
        const id = `${version}-${index}`;
        const event = { id, key: STREAM, sequence: version };
        try {
          await processes[index % processes.length]?.appendTo(STREAM, version, event);
          return { id };
        } catch (error) {
          if (error instanceof VersionConflict) return { current: error.currentVersion };
          throw error;
        }
      }),
    );
    const won = outcomes.flatMap(({ id }) => id ?? []);
    told.push(...won);
    winners[won.length] = (winners[won.length] ?? 0) + 1;
    misled += outcomes.filter(
      ({ current }) => current !== undefined && current !== version + 1,
    ).length;
  }
  return { winners, misled, told };
}

describe('one of 64 appends that expect the same version succeeds', () => {
  test.each([
    [1, ROUNDS],
    [2, ROUNDS],
  ])(
    'in each round, with %i processes and %i rounds',
    {
      timeout: ROUNDS * ROUND_MS + 30_000,
    },
    async (count, rounds) => {
      for (let i = 0; i < count; i += 1) clients.push(await openWeirLog(kit, 'append'));
      const startedAt = performance.now();

      const { told, ...seen } = await play(rounds, clients);

      const elapsedMs = Math.round(performance.now() - startedAt);
      process.stdout.write(
        `conflicts, ${count} processes, ${rounds} rounds: ${JSON.stringify({ ...seen, elapsedMs })}\n`,
      );
      expect(seen).toEqual({ winners: { 1: rounds }, misled: 0 });
      const reader = await openWeirLog(kit, 'append');
      clients.push(reader);
      const stored = await reader.readStream(STREAM);
      expect(stored.map(({ id }) => id)).toEqual(told);
    },
  );

  test('notices appends that check, then insert', async () => {
    clients.push(await openNaiveSequenceLog(kit), await openNaiveSequenceLog(kit));

    const { told, ...seen } = await play(MUTANT_ROUNDS, clients);

    process.stdout.write(`conflicts, check then insert: ${JSON.stringify(seen)}\n`);
    const stored = await clients[0]?.readStream(STREAM);
    expect(seen.winners[1] ?? 0).toBeLessThan(MUTANT_ROUNDS);
    expect(told.length).toBeGreaterThan(stored?.length ?? 0);
  });

  test('notices an append that does not compare versions', async () => {
    await sabotageFunction(kit.database, {
      name: 'append_batch',
      from: 'IF NOT v_duplicates AND NOT v_conflicts THEN',
      to: 'IF NOT v_duplicates THEN',
    });
    clients.push(await openWeirLog(kit, 'append'), await openWeirLog(kit, 'append'));

    const { winners } = await play(1, clients);

    expect(winners).toEqual({ [AT_ONCE]: 1 });
  });
});
