'use client';
import { type UseInfiniteQueryResult } from '@tanstack/react-query';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { Checkbox } from '#components/ui/checkbox.tsx';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { SkeletonRows } from '#components/ui/skeleton.tsx';
import { VirtualList } from '#components/ui/virtual-list.tsx';
import { type DeadLetter, type DeadLetterGroup } from '#contracts/dead-letter.ts';
import { formatCount, formatPlural } from '#lib/format/number.ts';
import { DiscardDialog } from './discard-dialog.tsx';
import { LETTER_ROW_HEIGHT, LetterRow } from './letter-row.tsx';
import { isWaiting } from './letter-words.ts';
import { RefusedState } from './refused-state.tsx';
import { type LetterSelection } from './use-letter-selection.ts';

type LettersResult = Pick<
  UseInfiniteQueryResult,
  'isPending' | 'isFetching' | 'hasNextPage' | 'error'
> & { readonly refetch: () => unknown; readonly fetchNextPage: () => unknown };

/** The letters of a group, newest first, with ticks for a decision about several. */
export function LetterList(props: {
  group: DeadLetterGroup;
  query: LettersResult;
  letters: readonly DeadLetter[];
  openId: string | null;
  selection: LetterSelection;
  onOpen: (id: string) => void;
  onRedrive: () => void;
  onClearFilter: () => void;
}) {
  const { query, letters, selection } = props;
  const more = () => {
    if (query.hasNextPage && !query.isFetching) void query.fetchNextPage();
  };
  if (query.isPending) return <SkeletonRows count={8} rowClassName="h-[52px] rounded-none" />;
  if (query.error && letters.length === 0) {
    return (
      <RefusedState
        what="the letters"
        error={query.error}
        onRetry={() => void query.refetch()}
        busy={query.isFetching}
      />
    );
  }
  if (letters.length === 0) {
    return (
      <EmptyState
        kind="filtered-out"
        title="No letter of this group matches the filters"
        action={<Button onClick={props.onClearFilter}>Clear the filters</Button>}
      />
    );
  }
  return (
    <>
      <SelectionBar
        group={props.group}
        letters={letters}
        hasMore={query.hasNextPage}
        selection={selection}
        onRedrive={props.onRedrive}
      />
      <VirtualList
        label="Letters"
        items={letters}
        rowHeight={LETTER_ROW_HEIGHT}
        getKey={(letter) => letter.id}
        renderRow={(letter) => (
          <LetterRow
            letter={letter}
            isChosen={selection.ids.has(letter.id)}
            onToggle={() => selection.toggle(letter.id)}
          />
        )}
        onOpen={(letter) => props.onOpen(letter.id)}
        onMark={(letter) => {
          if (isWaiting(letter)) selection.toggle(letter.id);
        }}
        openKey={props.openId}
        onEndReached={more}
        className="min-h-60 flex-1"
      />
    </>
  );
}

function SelectionBar(props: {
  group: DeadLetterGroup;
  letters: readonly DeadLetter[];
  hasMore: boolean;
  selection: LetterSelection;
  onRedrive: () => void;
}) {
  const { letters, selection } = props;
  const [isDiscarding, setDiscarding] = useState(false);
  const choosable = letters.filter(isWaiting);
  const chosen = letters.filter((letter) => selection.ids.has(letter.id));
  const count = selection.ids.size;
  return (
    <div className="flex h-10 items-center gap-2 border-b border-line pr-2 pl-3">
      <Checkbox
        label={
          count > 0 ? `${formatCount(count)} selected` : summaryOf(letters.length, props.hasMore)
        }
        checked={checkedState(count, choosable.length)}
        disabled={choosable.length === 0}
        onChange={(isOn) => {
          if (isOn) selection.set(choosable.map((letter) => letter.id));
          else selection.clear();
        }}
      />
      {count > 0 ? (
        <span className="ml-auto flex gap-1">
          <Button variant="primary" onClick={props.onRedrive}>
            Retry…
          </Button>
          <Button onClick={() => setDiscarding(true)}>Discard…</Button>
        </span>
      ) : null}
      {isDiscarding ? (
        <DiscardDialog
          letters={chosen}
          onClose={() => setDiscarding(false)}
          onDone={selection.clear}
        />
      ) : null}
    </div>
  );
}

function checkedState(chosen: number, choosable: number): boolean | 'indeterminate' {
  if (chosen === 0) return false;
  return chosen >= choosable ? true : 'indeterminate';
}

function summaryOf(count: number, hasMore: boolean): string {
  return hasMore ? `Newest ${formatPlural(count, 'letter')}` : formatPlural(count, 'letter');
}
