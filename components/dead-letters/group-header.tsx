'use client';
import { ArrowLeft, RotateCcw } from 'lucide-react';
import Link from 'next/link';
import { Badge } from '#components/ui/badge.tsx';
import { Button } from '#components/ui/button.tsx';
import { Kbd } from '#components/ui/kbd.tsx';
import { Time } from '#components/ui/time.tsx';
import { type DeadLetterGroup } from '#contracts/dead-letter.ts';
import { formatCount, formatPlural } from '#lib/format/number.ts';
import { FaultCallout } from './fault-callout.tsx';
import { GroupNote } from './group-note.tsx';
import { GroupStatusButtons } from './group-status.tsx';
import { consumerLink, STATUS_TONE } from './letter-words.ts';
import { RedriveProgressList } from './redrive-progress.tsx';

/** What is known about a cause, what was decided about it, and the ways out. */
export function GroupHeader(props: {
  group: DeadLetterGroup;
  /** A redrive begun here; shown until it is dismissed. */
  startedId: string | null;
  onRedrive: () => void;
  onBack: (() => void) | null;
}) {
  const { group } = props;
  return (
    <header className="flex shrink-0 flex-col gap-2 border-b border-line px-4 py-3 max-[899px]:max-h-[60%] max-[899px]:overflow-auto">
      {props.onBack ? (
        <Button variant="ghost" size="m" className="-ml-2 self-start" onClick={props.onBack}>
          <ArrowLeft aria-hidden />
          All groups
        </Button>
      ) : null}
      <div className="flex flex-wrap items-start gap-x-3 gap-y-2">
        <div className="min-w-0 flex-1 basis-64">
          <h2 className="flex flex-wrap items-center gap-2 text-l font-semibold tracking-tight">
            <span className="break-words">{group.errorClass}</span>
            <Badge tone={STATUS_TONE[group.status]}>{group.status}</Badge>
          </h2>
          <p className="mt-0.5 text-s break-words text-text-2">{group.message}</p>
        </div>
        <Button
          variant="primary"
          size="m"
          onClick={props.onRedrive}
          reason={group.open === 0 ? 'no letter of this group waits' : null}
          className="max-[899px]:h-10 max-sm:w-full"
          aria-keyshortcuts="Shift+R"
        >
          <RotateCcw aria-hidden />
          Redrive group…
          <Kbd className="border-current text-current max-lg:hidden">⇧ R</Kbd>
        </Button>
      </div>
      <p className="flex flex-wrap items-center gap-x-4 gap-y-0.5 text-s text-text-3">
        <Link className="text-accent hover:underline" href={consumerLink(group.subscription)}>
          {group.subscription}
        </Link>
        <span>{group.types.join(', ')}</span>
        <span>
          first <Time at={group.firstAt} />, last <Time at={group.lastAt} />
        </span>
        <span>
          <span className="num text-text-2">{formatCount(group.open)}</span> waiting of{' '}
          {formatPlural(group.total, 'letter')}
          {group.retrying > 0 ? `, ${formatCount(group.retrying)} retrying` : ''}
        </span>
        {group.topFrame ? (
          <code className="num w-full truncate text-xs" title={group.topFrame}>
            at {group.topFrame}
          </code>
        ) : null}
      </p>
      <div className="flex flex-wrap items-start gap-2">
        <GroupStatusButtons group={group} />
        <GroupNote group={group} />
      </div>
      <FaultCallout subscription={group.subscription} />
      <RedriveProgressList subscription={group.subscription} startedId={props.startedId} />
    </header>
  );
}
