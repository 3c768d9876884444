'use client';
import { Pencil, RotateCcw, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { cn } from '#components/ui/cn.ts';
import { toast } from '#components/ui/toast.tsx';
import { useShortcut } from '#components/ui/use-shortcut.ts';
import { type DeadLetter } from '#contracts/dead-letter.ts';
import { useRetryDeadLetter } from '#lib/queries/dead-letters.ts';
import { DiscardDialog } from './discard-dialog.tsx';
import { EditDialog } from './edit-dialog.tsx';
import { refusal } from './letter-words.ts';

const INDENT = 2;

/** Retry, edit and retry, discard. What was typed in the editor stays when it is closed. */
export function LetterActions({ letter, isForThumb }: { letter: DeadLetter; isForThumb: boolean }) {
  const [isDiscarding, setDiscarding] = useState(false);
  const [isEditing, setEditing] = useState(false);
  const current = letter.editedData ?? letter.event.data;
  const [text, setText] = useState(() => JSON.stringify(current ?? {}, null, INDENT));
  const retry = useRetryDeadLetter();
  const refused = refusal(letter);
  const isBinary = letter.event.data_base64 !== undefined;
  const run = (edit?: { data: unknown }) =>
    retry.mutate(
      { id: letter.id, ...(edit ? { edit } : {}) },
      {
        // That it is under way is told by the letter's state; the news comes when it ends.
        onSuccess: () => setEditing(false),
        onError: (error) => toast.failed('The letter could not be retried', error),
      },
    );
  const editRefused = refused ?? (isBinary ? 'a binary payload cannot be edited here' : null);
  useShortcut('e', () => setEditing(true), {
    label: 'Edit and retry the open letter',
    group: 'Dead letters',
    isEnabled: editRefused === null,
  });
  const thumb = isForThumb ? 'h-11 flex-1' : '';
  return (
    <div className="flex gap-2">
      <Button
        variant="primary"
        size="m"
        className={thumb}
        onClick={() => run()}
        busy={retry.isPending && !isEditing}
        reason={refused}
      >
        <RotateCcw aria-hidden />
        {isForThumb ? 'Retry' : 'Retry this one'}
      </Button>
      <Button size="m" className={thumb} onClick={() => setEditing(true)} reason={editRefused}>
        <Pencil aria-hidden />
        {isForThumb ? 'Edit' : 'Edit and retry'}
      </Button>
      <Button
        size="m"
        variant="ghost"
        className={cn(thumb, 'text-fail')}
        onClick={() => setDiscarding(true)}
        reason={refused}
      >
        <Trash2 aria-hidden />
        Discard…
      </Button>
      {isEditing ? (
        <EditDialog
          letter={letter}
          text={text}
          onText={setText}
          isBusy={retry.isPending}
          onRetry={(data) => run({ data })}
          onClose={() => setEditing(false)}
        />
      ) : null}
      {isDiscarding ? (
        <DiscardDialog
          letters={[letter]}
          onClose={() => setDiscarding(false)}
          onDone={() => undefined}
        />
      ) : null}
    </div>
  );
}
