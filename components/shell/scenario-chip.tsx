'use client';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { StateDot } from '#components/ui/state-dot.tsx';
import { scenariosQuery } from '#lib/queries/scenarios.ts';

/** Which sample systems are moving. */
export function ScenarioChip() {
  const { data } = useQuery(scenariosQuery());
  if (!data) return null;
  const running = data.filter((scenario) => scenario.state === 'running');
  const names = running.map((scenario) => scenario.name).join(', ');
  return (
    <Link
      href="/scenarios"
      className="inline-flex h-6 max-w-52 items-center truncate rounded-full border border-line px-2.5 text-s whitespace-nowrap text-text-2 transition-colors hover:border-line-strong max-[1100px]:hidden"
    >
      {running.length > 0 ? (
        <StateDot tone="ok" label={`${names} · running`} />
      ) : (
        <StateDot tone="neutral" label="no scenario" />
      )}
    </Link>
  );
}
