'use client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { ArrowLeft } from 'lucide-react';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { cn } from '#components/ui/cn.ts';
import { useShortcut } from '#components/ui/use-shortcut.ts';
import { type DeadLetter, type DeadLetterGroup } from '#contracts/dead-letter.ts';
import { deadLettersQuery } from '#lib/queries/dead-letters.ts';
import { GroupHeader } from './group-header.tsx';
import { LetterList } from './letter-list.tsx';
import { LetterPane } from './letter-pane.tsx';
import { isWaiting } from './letter-words.ts';
import { RedriveDialog } from './redrive-dialog.tsx';
import { type RedriveScope } from './redrive-form.ts';
import { useLetterSelection } from './use-letter-selection.ts';
import { type LettersUrl } from './use-letters-url.ts';

/** One cause: its facts and what can be done about all of it, its letters, and the one that is open. */
export function GroupPanel(props: { group: DeadLetterGroup; url: LettersUrl; panes: 1 | 2 | 3 }) {
  const { group, url, panes } = props;
  const [redrive, setRedrive] = useState<RedriveScope | null>(null);
  const [startedId, setStartedId] = useState<string | null>(null);
  const selection = useLetterSelection();
  const { status, type } = url.filter;
  const query = useInfiniteQuery(
    deadLettersQuery({
      fingerprint: group.fingerprint,
      ...(status === null ? {} : { status }),
      ...(type === null ? {} : { type }),
    }),
  );
  const letters = query.data?.pages.flatMap((page) => page.items) ?? [];
  const openId = useOpenLetter(url.letterId, letters, panes);
  const step = (direction: 1 | -1) => {
    const next = letters[letters.findIndex((one) => one.id === openId) + direction];
    if (next) url.openLetter(next.id, group.fingerprint);
  };
  const chosen = [...selection.ids];
  const redriveChosen = () =>
    setRedrive(chosen.length > 0 ? { type: 'letters', ids: chosen } : { type: 'group' });
  useGroupShortcuts({
    step,
    redrive: redriveChosen,
    mark: () => {
      const letter = letters.find((one) => one.id === openId);
      if (letter && isWaiting(letter)) selection.toggle(letter.id);
    },
  });
  const isLetterAlone = panes < 3 && url.letterId !== null;
  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      {isLetterAlone ? null : (
        <GroupHeader
          group={group}
          startedId={startedId}
          onRedrive={() => setRedrive({ type: 'group' })}
          onBack={panes === 1 ? () => url.openGroup(null) : null}
        />
      )}
      <div className="flex min-h-0 flex-1">
        <section
          aria-label="Letters of the group"
          className={cn(
            'flex min-h-0 flex-col',
            panes === 3 ? 'w-[300px] shrink-0 border-r border-line' : 'w-full',
            isLetterAlone && 'hidden',
          )}
        >
          <LetterList
            group={group}
            query={query}
            letters={letters}
            openId={openId}
            selection={selection}
            onOpen={(id) => url.openLetter(id, group.fingerprint)}
            onRedrive={redriveChosen}
            onClearFilter={() => url.setFilter({ status: null, type: null })}
          />
        </section>
        {openId && (panes === 3 || isLetterAlone) ? (
          <section aria-label="Letter" className="flex min-h-0 min-w-0 flex-1 flex-col">
            {isLetterAlone ? (
              <div className="border-b border-line px-2 py-1">
                <Button variant="ghost" size="m" onClick={url.closeLetter}>
                  <ArrowLeft aria-hidden />
                  {group.errorClass}
                </Button>
              </div>
            ) : null}
            <LetterPane key={openId} id={openId} isNarrow={panes === 1} />
          </section>
        ) : null}
      </div>
      {redrive ? (
        <RedriveDialog
          group={group}
          scope={redrive}
          onClose={() => setRedrive(null)}
          onStarted={(operationId) => {
            setStartedId(operationId);
            setRedrive(null);
            selection.clear();
          }}
        />
      ) : null}
    </div>
  );
}

/** The letter in the address; with room for it, the newest one when the group was opened, whatever comes in since. */
function useOpenLetter(asked: string | null, letters: readonly DeadLetter[], panes: number) {
  const [first, setFirst] = useState<string | null>(null);
  const newest = letters[0]?.id ?? null;
  if (first === null && newest !== null) setFirst(newest);
  if (asked !== null) return asked;
  return panes === 3 ? first : null;
}

function useGroupShortcuts(actions: {
  step: (direction: 1 | -1) => void;
  redrive: () => void;
  mark: () => void;
}): void {
  const group = 'Dead letters';
  useShortcut('j', () => actions.step(1), { label: 'Next letter', group });
  useShortcut('k', () => actions.step(-1), { label: 'Previous letter', group });
  useShortcut('x', actions.mark, { label: 'Select the open letter', group });
  useShortcut('shift+r', actions.redrive, { label: 'Redrive the selection, or the group', group });
}
