'use client';
import { useState } from 'react';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { Field } from '#components/ui/field.tsx';
import { Textarea } from '#components/ui/input.tsx';
import { toast } from '#components/ui/toast.tsx';
import { type DeadLetter } from '#contracts/dead-letter.ts';
import { formatPlural } from '#lib/format/number.ts';
import { useDiscardDeadLetter } from '#lib/queries/dead-letters.ts';
import { nameOf } from './letter-words.ts';

const REASON_LENGTH_MAX = 2_000;

/** Gives letters up for good, with a reason that stays; several only after their number was typed. */
export function DiscardDialog(props: {
  letters: readonly DeadLetter[];
  onClose: () => void;
  onDone: () => void;
}) {
  const { letters, onClose, onDone } = props;
  const [reason, setReason] = useState('');
  const [done, setDone] = useState<number | null>(null);
  const discard = useDiscardDeadLetter();
  const [first] = letters;
  const isOne = letters.length === 1 && first !== undefined;
  const what = isOne ? `the letter of ${nameOf(first)}` : formatPlural(letters.length, 'letter');
  const consumer = first?.subscription ?? 'its consumer';
  const confirm = async () => {
    setDone(0);
    const refused: Error[] = [];
    // One after the other: the server takes them singly, and each leaves its own trace.
    for (const letter of letters) {
      try {
        await discard.mutateAsync({ id: letter.id, reason: reason.trim() });
      } catch (error) {
        refused.push(error instanceof Error ? error : new Error(String(error)));
      }
      setDone((before) => (before ?? 0) + 1);
    }
    tell(letters.length - refused.length, refused);
    onDone();
    onClose();
  };
  return (
    <ConfirmDialog
      open
      onOpenChange={(isOpen) => {
        if (!isOpen && done === null) onClose();
      }}
      title={`Discard ${what}?`}
      confirmLabel={isOne ? 'Discard it' : `Discard ${formatPlural(letters.length, 'letter')}`}
      tone="danger"
      busy={done !== null}
      typeToConfirm={isOne ? undefined : `discard ${letters.length}`}
      reason={reason.trim() === '' ? 'give a reason first' : null}
      onConfirm={() => void confirm()}
    >
      <p>
        {consumer} will not be given {isOne ? 'this event' : 'these events'} again.{' '}
        {isOne ? 'The event stays' : 'The events stay'} in the log, and nothing changes for other
        consumers.
      </p>
      <div className="mt-3">
        <Field label="Reason" hint="Kept with the letter and in the audit trail.">
          {(control) => (
            <Textarea
              {...control}
              data-autofocus
              ref={focusOnMount}
              value={reason}
              maxLength={REASON_LENGTH_MAX}
              onChange={(event) => setReason(event.target.value)}
              className="min-h-16"
            />
          )}
        </Field>
      </div>
      {done !== null && !isOne ? (
        <p role="status" className="num mt-2 text-s">
          {done} of {letters.length}
        </p>
      ) : null}
    </ConfirmDialog>
  );
}

function tell(discarded: number, refused: readonly Error[]): void {
  if (discarded > 0) toast.done(`${formatPlural(discarded, 'letter')} discarded`);
  if (refused.length > 0)
    toast.failed(`${formatPlural(refused.length, 'letter')} could not be discarded`, refused[0]);
}

function focusOnMount(element: HTMLElement | null): void {
  element?.focus();
}
