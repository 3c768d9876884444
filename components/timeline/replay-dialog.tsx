'use client';

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { Field } from '#components/ui/field.tsx';
import { Input, Textarea } from '#components/ui/input.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { Select } from '#components/ui/select.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { SubmitButton } from '#components/ui/submit-button.tsx';
import { formatDuration } from '#lib/format/duration.ts';
import { formatCount } from '#lib/format/number.ts';
import { usePlanReplay, useStartReplay } from '#lib/queries/operations.ts';
import { subscriptionsQuery } from '#lib/queries/subscriptions.ts';
import { ReplayPlan } from './replay-plan.tsx';
import { ReplayProgress } from './replay-progress.tsx';
import { FIRST_FORM, formProblems, type ReplayForm, replayRequest } from './replay-request.ts';
import { spanOf, type TimeRange } from './time-range.ts';

const PaceFields = (props: {
  form: ReplayForm;
  problem: string | undefined;
  onChange: (change: Partial<ReplayForm>) => void;
}) => {
  const { form, onChange } = props;
  const isRate = form.pace === 'rate';
  return (
    <div className="flex flex-wrap items-end gap-3">
      <div>
        <span className="mb-1 block text-s text-text-2">Pace</span>
        <Segmented
          label="Pace"
          value={form.pace}
          onChange={(pace) => onChange({ pace })}
          className="h-8"
          options={[
            { value: 'rate', label: 'At a rate' },
            { value: 'speed', label: 'As it happened' },
            { value: 'unlimited', label: 'Unlimited' },
          ]}
        />
      </div>
      {form.pace === 'unlimited' ? null : (
        <Field
          label={isRate ? 'Events per second' : 'Times the original pace'}
          error={props.problem}
        >
          {(control) => (
            <Input
              {...control}
              inputMode="decimal"
              className="num w-32"
              value={isRate ? form.ratePerSecond : form.speed}
              onChange={(event) =>
                onChange(
                  isRate ? { ratePerSecond: event.target.value } : { speed: event.target.value },
                )
              }
            />
          )}
        </Field>
      )}
    </div>
  );
};

const FormFields = (props: {
  form: ReplayForm;
  onChange: (change: Partial<ReplayForm>) => void;
}) => {
  const { form, onChange } = props;
  const { data: subscriptions } = useQuery(subscriptionsQuery());
  const problems = formProblems(form);
  return (
    <div className="flex flex-col gap-3">
      <Field
        label="Deliver to"
        hint="Nobody else sees these deliveries; they are marked as replayed."
      >
        {(control) => (
          <Select
            id={control.id}
            value={form.target}
            onChange={(target) => onChange({ target })}
            placeholder="Choose a consumer"
            className="w-full"
            options={(subscriptions ?? []).map(({ name, state }) => ({
              value: name,
              label: state === 'running' ? name : `${name} (${state})`,
            }))}
          />
        )}
      </Field>
      <Field
        label="Only these types"
        hint="Empty: all the consumer subscribes to. Globs such as order.*"
      >
        {(control) => (
          <Input
            {...control}
            value={form.types}
            placeholder="order.*, payment.failed"
            onChange={(event) => onChange({ types: event.target.value })}
            className="font-mono"
            spellCheck={false}
          />
        )}
      </Field>
      <PaceFields form={form} problem={problems.pace} onChange={onChange} />
      <Field label="Reason" hint="Kept with the operation and in the audit trail.">
        {(control) => (
          <Textarea
            {...control}
            value={form.reason}
            maxLength={2_000}
            onChange={(event) => onChange({ reason: event.target.value })}
            className="min-h-14"
          />
        )}
      </Field>
    </div>
  );
};

/** The form and its plan belong together: any change makes the plan void, and without a plan nothing can be confirmed. */
const useReplay = (range: TimeRange, target: string | null) => {
  const [form, setForm] = useState<ReplayForm>({ ...FIRST_FORM, target });
  const plan = usePlanReplay();
  const start = useStartReplay();
  const request = replayRequest(form, range);
  const change = (part: Partial<ReplayForm>) => {
    setForm((before) => ({ ...before, ...part }));
    plan.reset();
  };
  const missing = plan.data ? null : 'See the plan first';
  const reason = plan.data?.total === 0 ? 'There is nothing to deliver' : missing;
  return {
    form,
    change,
    plan,
    start,
    reason,
    problem: Object.values(formProblems(form))[0] ?? null,
    makePlan: () => {
      if (request) plan.mutate(request);
    },
    confirm: () => {
      if (request && reason === null && !start.isPending) start.mutate(request);
    },
  };
};

/** From a chosen range to a running replay: whom, what, how fast; then the plan; then, if wanted, the deed. */
export const ReplayDialog = (props: {
  range: TimeRange;
  target: string | null;
  onClose: () => void;
}) => {
  const replay = useReplay(props.range, props.target);
  const { plan, start } = replay;
  const operation = start.data;
  const submit = () => (plan.data ? replay.confirm() : replay.makePlan());
  const footer = operation ? (
    <Button variant="primary" size="m" onClick={props.onClose}>
      Close
    </Button>
  ) : (
    <>
      <Button size="m" variant="ghost" onClick={props.onClose}>
        Cancel
      </Button>
      <Button
        size="m"
        variant={plan.data ? 'secondary' : 'primary'}
        busy={plan.isPending}
        reason={replay.problem}
        onClick={replay.makePlan}
      >
        {plan.data ? 'Plan again' : 'See the plan'}
      </Button>
      {plan.data ? (
        <SubmitButton busy={start.isPending} reason={replay.reason} onClick={replay.confirm}>
          Replay {formatCount(plan.data.total)}
        </SubmitButton>
      ) : null}
    </>
  );
  return (
    <Dialog
      open
      onOpenChange={(isOpen) => {
        if (!isOpen) props.onClose();
      }}
      title={operation ? operation.title : 'Replay a range'}
      description={
        operation
          ? 'It goes on when this is closed, and survives a restart.'
          : `${formatDuration(spanOf(props.range))} of recorded events, delivered once more.`
      }
      footer={footer}
      onSubmit={operation ? undefined : submit}
    >
      <div className="flex flex-col gap-4 pt-1">
        {operation ? (
          <ReplayProgress id={operation.id} />
        ) : (
          <>
            <FormFields form={replay.form} onChange={replay.change} />
            {plan.isPending ? <Skeleton className="h-24" /> : null}
            {plan.data ? <ReplayPlan plan={plan.data} /> : null}
            <Failure error={plan.error ?? start.error} />
          </>
        )}
      </div>
    </Dialog>
  );
};

const Failure = ({ error }: { error: Error | null }) =>
  error ? (
    <p role="alert" className="text-s text-fail">
      {error.message}
    </p>
  ) : null;
