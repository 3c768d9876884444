'use client';
import { NotebookPen } from 'lucide-react';
import { type KeyboardEvent, useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { Textarea } from '#components/ui/input.tsx';
import { toast } from '#components/ui/toast.tsx';
import { type DeadLetterGroup } from '#contracts/dead-letter.ts';
import { usePatchDeadLetterGroup } from '#lib/queries/dead-letters.ts';

const NOTE_LENGTH_MAX = 4_000;

/** What people want each other to know about a cause. */
export function GroupNote({ group }: { group: DeadLetterGroup }) {
  const [isWriting, setWriting] = useState(false);
  if (isWriting) return <NoteForm group={group} onClose={() => setWriting(false)} />;
  return (
    <>
      <Button variant="ghost" onClick={() => setWriting(true)}>
        <NotebookPen aria-hidden />
        {group.note ? 'Edit note' : 'Add a note'}
      </Button>
      {group.note ? (
        <p className="w-full border-l-2 border-line-strong pl-3 text-s break-words whitespace-pre-wrap text-text-2">
          {group.note}
        </p>
      ) : null}
    </>
  );
}

function NoteForm({ group, onClose }: { group: DeadLetterGroup; onClose: () => void }) {
  const [text, setText] = useState(group.note ?? '');
  const patch = usePatchDeadLetterGroup();
  const write = (note: string | null, before: string | null | undefined) =>
    patch.mutate(
      { fingerprint: group.fingerprint, patch: { note } },
      {
        onSuccess: () => {
          onClose();
          toast.done(
            note === null ? 'The note is removed' : 'The note is saved',
            before === undefined ? {} : { undo: () => write(before, undefined) },
          );
        },
        onError: (error) => toast.failed('The note could not be saved', error),
      },
    );
  const save = () => {
    const note = text.trim() === '' ? null : text.trim();
    if (note === group.note) onClose();
    else write(note, group.note);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      onClose();
    }
    if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      save();
    }
  };
  return (
    <div className="w-full">
      <Textarea
        ref={focusOnMount}
        aria-label="Note about this group"
        value={text}
        maxLength={NOTE_LENGTH_MAX}
        placeholder="What is known, who is on it, what to do when it comes back"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        className="min-h-16"
      />
      <div className="mt-1.5 flex gap-2">
        <Button variant="primary" onClick={save} busy={patch.isPending}>
          Save the note
        </Button>
        <Button variant="ghost" onClick={onClose}>
          Cancel
        </Button>
      </div>
    </div>
  );
}

function focusOnMount(element: HTMLElement | null): void {
  element?.focus();
}
