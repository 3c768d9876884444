'use client';
import { Wrench, Zap } from 'lucide-react';
import Link from 'next/link';
import { useState } from 'react';
import { Badge } from '#components/ui/badge.tsx';
import { Button } from '#components/ui/button.tsx';
import { Slider } from '#components/ui/slider.tsx';
import { toast } from '#components/ui/toast.tsx';
import { type Fault, type Scenario } from '#contracts/scenario.ts';
import { formatShare } from '#lib/format/number.ts';
import { useUpdateScenario } from '#lib/queries/scenarios.ts';

const HEALTHY: Fault = { failureRate: 0, latencyMs: 0, crashRate: 0, duplicateRate: 0 };
const BROKEN_SHARE = 0.1;
const MAX_EXTRA_LATENCY_MS = 5_000;
const LATENCY_STEP_MS = 50;

/** A row per consumer: broken or healthy, and the switch between. */
export function ScenarioFaults({ scenario }: { scenario: Scenario }) {
  return (
    <section aria-label="Consumers and their faults">
      <h3 className="mb-1 text-s text-text-2">Consumers</h3>
      <ul className="m-0 list-none divide-y divide-line rounded-m border border-line p-0">
        {scenario.consumers.map((consumer) => (
          <ConsumerFault
            key={consumer.name}
            scenario={scenario.name}
            name={consumer.name}
            description={consumer.description}
            fault={scenario.faults[consumer.name] ?? HEALTHY}
          />
        ))}
      </ul>
    </section>
  );
}

function isHealthy(fault: Fault): boolean {
  return (
    fault.failureRate === 0 &&
    fault.latencyMs === 0 &&
    fault.crashRate === 0 &&
    fault.duplicateRate === 0
  );
}

function ConsumerFault(props: {
  scenario: string;
  name: string;
  description: string;
  fault: Fault;
}) {
  const { fault, name } = props;
  const update = useUpdateScenario();
  const [isOpen, setOpen] = useState(false);
  const write = (next: Fault, message: string) =>
    update.mutate(
      { name: props.scenario, settings: { faults: { [name]: next } } },
      {
        onSuccess: () => toast.done(message, { undo: () => write(fault, `${name} is as before`) }),
        onError: (error) => toast.failed(`Could not change ${name}`, error),
      },
    );
  const healthy = isHealthy(fault);
  return (
    <li className="px-3 py-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Link
          href={`/consumers/${encodeURIComponent(name)}`}
          className="text-s font-medium hover:underline"
        >
          {name}
        </Link>
        {healthy ? null : <Badge tone="fail">{summary(fault)}</Badge>}
        <span className="order-last w-full text-s text-text-3 sm:order-none sm:w-auto sm:min-w-0 sm:flex-1 sm:truncate">
          {props.description}
        </span>
        <div className="ml-auto flex items-center gap-3">
          {healthy ? (
            <Button
              size="s"
              variant="ghost"
              busy={update.isPending}
              onClick={() =>
                write(
                  { ...fault, failureRate: BROKEN_SHARE },
                  `${name} now fails on ${formatShare(BROKEN_SHARE)} of its events`,
                )
              }
            >
              <Zap aria-hidden />
              Break
            </Button>
          ) : (
            <Button
              size="s"
              variant="primary"
              busy={update.isPending}
              onClick={() => write(HEALTHY, `${name} is repaired; its dead letters can be retried`)}
            >
              <Wrench aria-hidden />
              Repair
            </Button>
          )}
          <Button size="s" variant="ghost" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            Faults…
          </Button>
        </div>
      </div>
      {isOpen ? (
        <FaultSliders
          key={JSON.stringify(fault)}
          name={name}
          fault={fault}
          onWrite={(next) => write(next, `The faults of ${name} are changed`)}
        />
      ) : null}
    </li>
  );
}

function FaultSliders(props: { name: string; fault: Fault; onWrite: (fault: Fault) => void }) {
  const [draft, setDraft] = useState(props.fault);
  const rows = [
    { field: 'failureRate', label: 'Events that fail' },
    { field: 'crashRate', label: 'Attempts that end the process' },
    { field: 'duplicateRate', label: 'Events delivered twice' },
  ] as const;
  return (
    <div className="mt-2 grid gap-x-6 gap-y-1 sm:grid-cols-2">
      {rows.map((row) => (
        <div key={row.field}>
          <p className="text-xs text-text-3">{row.label}</p>
          <Slider
            label={`${row.label}, ${props.name}`}
            value={Math.round(draft[row.field] * 100)}
            min={0}
            max={100}
            onChange={(value) => setDraft({ ...draft, [row.field]: value / 100 })}
            onCommit={(value) => props.onWrite({ ...draft, [row.field]: value / 100 })}
            format={formatPercent}
          />
        </div>
      ))}
      <div>
        <p className="text-xs text-text-3">Extra latency</p>
        <Slider
          label={`Extra latency, ${props.name}`}
          value={draft.latencyMs}
          min={0}
          max={MAX_EXTRA_LATENCY_MS}
          step={LATENCY_STEP_MS}
          onChange={(latencyMs) => setDraft({ ...draft, latencyMs })}
          onCommit={(latencyMs) => props.onWrite({ ...draft, latencyMs })}
          format={(value) => `${value} ms`}
        />
      </div>
    </div>
  );
}

const formatPercent = (percent: number): string => formatShare(percent / 100);

function summary(fault: Fault): string {
  const parts = [
    fault.failureRate > 0 ? `fails ${formatShare(fault.failureRate)}` : '',
    fault.latencyMs > 0 ? `+${fault.latencyMs} ms` : '',
    fault.crashRate > 0 ? `crashes ${formatShare(fault.crashRate)}` : '',
    fault.duplicateRate > 0 ? `doubles ${formatShare(fault.duplicateRate)}` : '',
  ];
  return parts.filter((part) => part !== '').join(' · ');
}
