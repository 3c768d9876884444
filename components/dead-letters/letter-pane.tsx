'use client';
import { useQuery } from '@tanstack/react-query';
import { Link2 } from 'lucide-react';
import Link from 'next/link';
import { useState } from 'react';
import { Badge } from '#components/ui/badge.tsx';
import { CopyButton } from '#components/ui/copy-button.tsx';
import { IconButton } from '#components/ui/icon-button.tsx';
import { JsonViewer } from '#components/ui/json-viewer.tsx';
import { SkeletonRows } from '#components/ui/skeleton.tsx';
import { Tabs } from '#components/ui/tabs.tsx';
import { Time } from '#components/ui/time.tsx';
import { toast } from '#components/ui/toast.tsx';
import { type DeadLetter } from '#contracts/dead-letter.ts';
import { formatCount, formatPlural } from '#lib/format/number.ts';
import { deadLetterQuery } from '#lib/queries/dead-letters.ts';
import { LetterActions } from './letter-actions.tsx';
import { LetterAttempts } from './letter-attempts.tsx';
import { LetterPayload } from './letter-payload.tsx';
import { LetterState } from './letter-state.tsx';
import { linksOf, nameOf, STATUS_TONE } from './letter-words.ts';
import { RefusedState } from './refused-state.tsx';

const RETRYING_POLL_MS = 800;
const POLL_MS = 3_000;

/** One letter whole: why it died, what it carries, and what can be done with it. */
export function LetterPane(props: { id: string; isNarrow: boolean }) {
  const query = useQuery({
    ...deadLetterQuery(props.id),
    refetchInterval: ({ state }) => pollMs(state.data),
  });
  const letter = query.data;
  if (!letter && query.isPending) {
    return (
      <div className="p-4">
        <SkeletonRows count={8} rowClassName="h-10" />
      </div>
    );
  }
  if (!letter) {
    return (
      <RefusedState
        what="the letter"
        error={query.error ?? new Error('There is no such letter.')}
        onRetry={() => void query.refetch()}
        busy={query.isFetching}
      />
    );
  }
  const actions = <LetterActions letter={letter} isForThumb={props.isNarrow} />;
  return (
    <>
      <div className="min-h-0 flex-1 overflow-auto">
        <header className="z-10 border-b border-line bg-bg px-4 py-3 min-[900px]:sticky min-[900px]:top-0">
          <LetterTitle letter={letter} />
          {props.isNarrow ? null : <div className="mt-2">{actions}</div>}
        </header>
        <div className="flex flex-col gap-4 px-4 py-3">
          <LetterState letter={letter} />
          <LetterAttempts letter={letter} />
          <LetterContents letter={letter} />
        </div>
      </div>
      {props.isNarrow ? (
        <footer className="border-t border-line bg-surface px-4 py-2">{actions}</footer>
      ) : null}
    </>
  );
}

/** A retry is followed closely; a letter that cannot be read is not asked for again by itself. */
function pollMs(letter: DeadLetter | undefined): number | false {
  if (!letter) return false;
  return letter.status === 'retrying' ? RETRYING_POLL_MS : POLL_MS;
}

function LetterTitle({ letter }: { letter: DeadLetter }) {
  const links = linksOf(letter);
  const { event } = letter;
  return (
    <>
      <div className="flex items-center gap-2">
        <h2 className="num min-w-0 flex-1 text-l font-semibold break-words">{nameOf(letter)}</h2>
        <Badge tone={STATUS_TONE[letter.status]}>{letter.status}</Badge>
        <CopyButton value={letter.id} label="Copy the letter's id" />
        <IconButton label="Copy a link to this letter" onClick={() => copyLink(letter)}>
          <Link2 />
        </IconButton>
      </div>
      <p className="text-s text-text-3">
        {event.type} · {event.topic} · position{' '}
        <span className="num">{formatCount(event.position)}</span> · dead{' '}
        <Time at={letter.deadAt} /> after {formatPlural(letter.attemptCount, 'attempt')}
      </p>
      <nav aria-label="About this event" className="mt-1 flex gap-4 text-s">
        <Link className="text-accent hover:underline" href={links.event}>
          Event
        </Link>
        <Link className="text-accent hover:underline" href={links.flow}>
          Flow
        </Link>
        <Link className="text-accent hover:underline" href={links.consumer}>
          {letter.subscription}
        </Link>
      </nav>
    </>
  );
}

function LetterContents({ letter }: { letter: DeadLetter }) {
  const [tab, setTab] = useState<'payload' | 'envelope'>('payload');
  const { data: _data, data_base64: _binary, ...envelope } = letter.event;
  return (
    <Tabs
      label="The event"
      value={tab}
      onChange={setTab}
      items={[
        { value: 'payload', label: 'Payload', content: <LetterPayload letter={letter} /> },
        {
          value: 'envelope',
          label: 'Envelope',
          content: <JsonViewer label="Envelope" value={envelope} />,
        },
      ]}
    />
  );
}

function copyLink(letter: DeadLetter): void {
  const url = new URL(window.location.href);
  url.search = new URLSearchParams({ group: letter.fingerprint, id: letter.id }).toString();
  void navigator.clipboard.writeText(url.href).then(() => toast.done('The link is copied'));
}
