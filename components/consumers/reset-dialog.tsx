'use client';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { Field } from '#components/ui/field.tsx';
import { Input } from '#components/ui/input.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { SubmitButton } from '#components/ui/submit-button.tsx';
import { type ResetResponse } from '#contracts/subscription.ts';
import { usePreviewReset } from '#lib/queries/subscriptions.ts';
import { useViewStore } from '#lib/state/view-store.ts';
import { ResetReview } from './reset-review.tsx';
import {
  FIRST_RESET,
  fieldTime,
  type ResetForm,
  resetTarget,
  type TargetKind,
} from './reset-target.ts';
import { type ConsumerActions } from './use-consumer-actions.ts';

const HOUR_MS = 3_600_000;

const KINDS: readonly { readonly value: TargetKind; readonly label: string }[] = [
  { value: 'time', label: 'Time' },
  { value: 'shift', label: 'Shift' },
  { value: 'position', label: 'Position' },
  { value: 'earliest', label: 'Earliest' },
  { value: 'latest', label: 'Latest' },
];

/** Where to; then before and after; then, if wanted, the move. A change of the target makes the review void. */
function useReset(name: string, actions: ConsumerActions, onClose: () => void) {
  const isUtc = useViewStore((view) => view.timeDisplay) === 'utc';
  const [form, setForm] = useState<ResetForm>(() => ({
    ...FIRST_RESET,
    time: fieldTime(new Date(Date.now() - HOUR_MS), isUtc),
  }));
  const [typed, setTyped] = useState('');
  const preview = usePreviewReset();
  const target = resetTarget(form, isUtc);
  const review = preview.data;
  return {
    form,
    isUtc,
    typed,
    setTyped,
    preview,
    problem: 'problem' in target ? target.problem : null,
    reason: review ? confirmReason(review, name, typed) : 'See the review first',
    change: (part: Partial<ResetForm>) => {
      setForm((before) => ({ ...before, ...part }));
      setTyped('');
      preview.reset();
    },
    review: () => {
      if ('to' in target) preview.mutate({ name, to: target.to });
    },
    confirm: () => {
      if (!('to' in target) || !review || actions.isBusy) return;
      if (confirmReason(review, name, typed) === null) actions.reset(name, target.to, onClose);
    },
  };
}

/** Why the move cannot be confirmed; events that will never come want the name typed. */
function confirmReason(review: ResetResponse, name: string, typed: string): string | null {
  if (review.redelivered === 0 && review.skipped === 0) return 'It stands there already';
  return review.skipped > 0 && typed !== name ? `Type ${name} first` : null;
}

export function ResetDialog(props: {
  name: string;
  actions: ConsumerActions;
  onClose: () => void;
}) {
  const { name, actions, onClose } = props;
  const reset = useReset(name, actions, onClose);
  const review = reset.preview.data;
  return (
    <Dialog
      open
      size={review ? 'l' : 'm'}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
      title={`Reset ${name}`}
      description="Moves its place in the log. Nothing moves before you have seen where to."
      onSubmit={review ? reset.confirm : reset.review}
      footer={
        <>
          <Button size="m" variant="ghost" onClick={onClose}>
            Cancel
          </Button>
          <Button
            size="m"
            variant={review ? 'secondary' : 'primary'}
            busy={reset.preview.isPending}
            reason={reset.problem}
            onClick={reset.review}
          >
            {review ? 'Review again' : 'Review'}
          </Button>
          {review ? (
            <SubmitButton
              variant={review.skipped > 0 ? 'danger' : 'primary'}
              busy={actions.isBusy}
              reason={reset.reason}
              onClick={reset.confirm}
            >
              Reset
            </SubmitButton>
          ) : null}
        </>
      }
    >
      <div className="flex flex-col gap-4 pt-1">
        <form
          noValidate
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            reset.review();
          }}
        >
          <TargetFields {...reset} onChange={reset.change} />
        </form>
        {reset.preview.isPending ? <Skeleton className="h-40" /> : null}
        {reset.preview.error ? (
          <p role="alert" className="text-s text-fail">
            {reset.preview.error.message}
          </p>
        ) : null}
        {review ? <ResetReview review={review} /> : null}
        {review && review.skipped > 0 ? (
          <Field label={`Events would never come. Type ${name} to go on.`}>
            {(control) => (
              <Input
                {...control}
                value={reset.typed}
                autoComplete="off"
                spellCheck={false}
                className="max-w-80 font-mono"
                onChange={(event) => reset.setTyped(event.target.value)}
              />
            )}
          </Field>
        ) : null}
      </div>
    </Dialog>
  );
}

function TargetFields(props: {
  form: ResetForm;
  isUtc: boolean;
  problem: string | null;
  onChange: (change: Partial<ResetForm>) => void;
}) {
  const { form, onChange } = props;
  return (
    <>
      <div>
        <span className="mb-1 block text-s text-text-2">Go to</span>
        <Segmented
          label="Go to"
          value={form.kind}
          onChange={(kind) => onChange({ kind })}
          options={KINDS}
        />
      </div>
      {form.kind === 'time' ? (
        <Field
          label={`First event recorded at or after (${props.isUtc ? 'UTC' : 'your time'})`}
          error={props.problem}
        >
          {(control) => (
            <Input
              {...control}
              type="datetime-local"
              step={1}
              className="num max-w-60"
              value={form.time}
              onChange={(event) => onChange({ time: event.target.value })}
            />
          )}
        </Field>
      ) : null}
      {form.kind === 'position' ? (
        <Field
          label="First event at or after this position of the log"
          error={form.position === '' ? null : props.problem}
        >
          {(control) => (
            <Input
              {...control}
              inputMode="numeric"
              className="num max-w-60"
              value={form.position}
              onChange={(event) => onChange({ position: event.target.value })}
            />
          )}
        </Field>
      ) : null}
      {form.kind === 'shift' ? (
        <Field
          label="Events in each partition, with − to go back"
          hint="It stops at the beginning and at the end."
          error={props.problem}
        >
          {(control) => (
            <Input
              {...control}
              inputMode="text"
              className="num max-w-60"
              value={form.shift}
              onChange={(event) => onChange({ shift: event.target.value })}
            />
          )}
        </Field>
      ) : null}
    </>
  );
}
