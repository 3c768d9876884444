'use client';
import { useInfiniteQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { SkeletonRows } from '#components/ui/skeleton.tsx';
import { StateDot } from '#components/ui/state-dot.tsx';
import { Time } from '#components/ui/time.tsx';
import { type DeadLetter } from '#contracts/dead-letter.ts';
import { deadLettersQuery } from '#lib/queries/dead-letters.ts';
import { QueryTrouble } from './query-trouble.tsx';

const LETTERS_SHOWN = 8;

/** What this consumer could not handle, newest first. */
export function LatestLetters({ name }: { name: string }) {
  const query = useInfiniteQuery(deadLettersQuery({ subscription: name }));
  const letters = query.data?.pages[0]?.items.slice(0, LETTERS_SHOWN) ?? [];
  return (
    <section aria-label="Latest dead letters" className="min-w-0">
      <div className="mb-1 flex items-baseline gap-3">
        <h2 className="text-m font-semibold">Latest dead letters</h2>
        {letters.length > 0 ? (
          <Link
            href={`/dead-letters?subscription=${encodeURIComponent(name)}`}
            className="text-s text-accent hover:underline"
          >
            See all
          </Link>
        ) : null}
      </div>
      {query.isPending ? <SkeletonRows count={4} /> : null}
      {query.error && !query.data ? (
        <QueryTrouble
          error={query.error}
          isFetching={query.isFetching}
          onRetry={() => void query.refetch()}
          what="its dead letters"
        />
      ) : null}
      {query.data && letters.length === 0 ? (
        <EmptyState
          kind="nothing-exists"
          title="None: no event of this consumer ever died"
          className="py-6"
        />
      ) : null}
      <ul className="m-0 list-none p-0">
        {letters.map((letter) => (
          <LetterRow key={letter.id} letter={letter} />
        ))}
      </ul>
    </section>
  );
}

function LetterRow({ letter }: { letter: DeadLetter }) {
  return (
    <li className="border-b border-line last:border-0">
      <Link
        href={`/dead-letters?id=${encodeURIComponent(letter.id)}`}
        className="grid min-h-9 grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-3 py-1 text-s hover:bg-raised sm:grid-cols-[84px_minmax(0,1fr)_minmax(0,180px)_auto]"
      >
        <StateDot
          tone={letter.status === 'open' ? 'fail' : 'neutral'}
          label={letter.status}
          className="text-xs text-text-2"
        />
        <span className="truncate" title={letter.errorMessage}>
          <span className="num text-text">{letter.errorClass}</span>{' '}
          <span className="text-text-2">{letter.errorMessage}</span>
        </span>
        <span className="num truncate text-text-2 max-sm:hidden">
          {letter.event.subject ?? letter.event.type}
        </span>
        <Time at={letter.deadAt} className="text-xs text-text-3" />
      </Link>
    </li>
  );
}
