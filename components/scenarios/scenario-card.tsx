'use client';
import { Play, Square } from 'lucide-react';
import Link from 'next/link';
import { useState } from 'react';
import { Badge } from '#components/ui/badge.tsx';
import { Button } from '#components/ui/button.tsx';
import { Slider } from '#components/ui/slider.tsx';
import { Time } from '#components/ui/time.tsx';
import { toast } from '#components/ui/toast.tsx';
import { type Scenario } from '#contracts/scenario.ts';
import { formatCount } from '#lib/format/number.ts';
import { useStartScenario, useStopScenario, useUpdateScenario } from '#lib/queries/scenarios.ts';
import { ScenarioFaults } from './scenario-faults.tsx';

/** One sample system with its controls. */
export function ScenarioCard({ scenario }: { scenario: Scenario }) {
  const isRunning = scenario.state === 'running';
  return (
    <article
      aria-label={scenario.title}
      className="rounded-l border border-line bg-surface shadow-raised"
    >
      <header className="flex flex-wrap items-center gap-3 px-4 pt-4">
        <h2 className="text-l font-semibold tracking-tight">{scenario.title}</h2>
        <Badge tone={isRunning ? 'ok' : 'neutral'}>{scenario.state}</Badge>
        <span className="ml-auto">
          <StartStop scenario={scenario} />
        </span>
      </header>
      <div className="flex flex-col gap-4 px-4 pt-2 pb-4">
        <p className="max-w-prose text-m text-text-2">{scenario.description}</p>
        <ul className="m-0 flex list-none flex-wrap gap-x-4 gap-y-1 p-0 text-s text-text-3">
          {scenario.teaches.map((lesson) => (
            <li key={lesson}>· {lesson}</li>
          ))}
        </ul>
        <Load key={scenario.ratePerSecond} scenario={scenario} />
        <ScenarioFaults scenario={scenario} />
        <footer className="flex flex-wrap gap-x-4 gap-y-1 border-t border-line pt-3 text-s text-text-3">
          <span>
            <span className="num text-text-2">{formatCount(scenario.published)}</span> events
            published by its producers
          </span>
          {scenario.startedAt && isRunning ? (
            <span>
              started <Time at={scenario.startedAt} />
            </span>
          ) : null}
          <span className="ml-auto">
            topics{' '}
            {scenario.topics.map((topic, index) => (
              <span key={topic}>
                {index > 0 ? ', ' : ''}
                <Link
                  className="text-accent hover:underline"
                  href={`/events?q=${encodeURIComponent(`topic:${topic}`)}`}
                >
                  {topic}
                </Link>
              </span>
            ))}
          </span>
        </footer>
      </div>
    </article>
  );
}

function StartStop({ scenario }: { scenario: Scenario }) {
  const start = useStartScenario();
  const stop = useStopScenario();
  const begin = () =>
    start.mutate(scenario.name, {
      onSuccess: () => toast.done(`${scenario.title} is running`),
      onError: (error) => toast.failed(`Could not start ${scenario.title}`, error),
    });
  const end = () =>
    stop.mutate(scenario.name, {
      onSuccess: () => toast.done(`${scenario.title} has stopped`, { undo: begin }),
      onError: (error) => toast.failed(`Could not stop ${scenario.title}`, error),
    });
  const isBusy = start.isPending || stop.isPending;
  return scenario.state === 'running' ? (
    <Button onClick={end} busy={isBusy}>
      <Square aria-hidden />
      Stop
    </Button>
  ) : (
    <Button variant="primary" onClick={begin} busy={isBusy}>
      <Play aria-hidden />
      Start
    </Button>
  );
}

// Keyed by the rate the server has, so that a change made elsewhere shows.
function Load({ scenario }: { scenario: Scenario }) {
  const update = useUpdateScenario();
  const [rate, setRate] = useState(scenario.ratePerSecond);
  const write = (ratePerSecond: number) =>
    update.mutate(
      { name: scenario.name, settings: { ratePerSecond } },
      {
        onError: (error) => {
          setRate(scenario.ratePerSecond);
          toast.failed('Could not change the load', error);
        },
      },
    );
  return (
    <div>
      <p className="mb-1 text-s text-text-2">Load</p>
      <Slider
        label={`Load of ${scenario.title}`}
        value={rate}
        min={scenario.minRatePerSecond}
        max={scenario.maxRatePerSecond}
        onChange={setRate}
        onCommit={write}
        format={(value) => `${formatCount(value)} ${scenario.rateUnit}`}
      />
    </div>
  );
}
