'use client';
import { useEffect, useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { Field } from '#components/ui/field.tsx';
import { Input } from '#components/ui/input.tsx';
import { SubmitButton } from '#components/ui/submit-button.tsx';
import { Switch } from '#components/ui/switch.tsx';
import { toast } from '#components/ui/toast.tsx';
import { type DeadLetterGroup } from '#contracts/dead-letter.ts';
import { type RedriveInput } from '#lib/api/operations.ts';
import { formatCount } from '#lib/format/number.ts';
import { usePlanRedrive, useStartRedrive } from '#lib/queries/operations.ts';
import { FaultCallout } from './fault-callout.tsx';
import {
  firstForm,
  formProblems,
  type RedriveForm,
  type RedriveScope,
  redriveRequest,
} from './redrive-form.ts';
import { RedrivePlan } from './redrive-plan.tsx';

const PLAN_AFTER_MS = 250;

/** First what would happen, always up to date with the settings; then, if wanted, the deed. */
export function RedriveDialog(props: {
  group: DeadLetterGroup;
  scope: RedriveScope;
  onClose: () => void;
  onStarted: (operationId: string) => void;
}) {
  const { group, scope } = props;
  const count = scope.type === 'group' ? group.open : scope.ids.length;
  const [form, setForm] = useState<RedriveForm>(() => firstForm(count));
  const start = useStartRedrive();
  const problems = formProblems(form);
  const request = redriveRequest(form, group, scope);
  const plan = usePlan(request);
  const problem = Object.values(problems)[0] ?? null;
  const nothing = plan.data?.total === 0 ? 'there is nothing to deliver' : null;
  const reason = problem ?? nothing ?? (plan.data ? null : 'the plan is being made');
  const confirm = () => {
    if (request === null || reason !== null || start.isPending) return;
    start.mutate(request, {
      onSuccess: (operation) => {
        toast.done(operation.title, { detail: `It goes to ${group.subscription} only.` });
        props.onStarted(operation.id);
      },
    });
  };
  const error = plan.error ?? start.error;
  return (
    <Dialog
      open
      onOpenChange={(isOpen) => {
        if (!isOpen) props.onClose();
      }}
      title={scope.type === 'group' ? `Redrive ${group.errorClass}` : 'Retry the selected letters'}
      description={group.message}
      onSubmit={confirm}
      footer={
        <>
          <Button size="m" variant="ghost" onClick={props.onClose}>
            Cancel
          </Button>
          <SubmitButton onClick={confirm} busy={start.isPending} reason={reason}>
            Redrive {formatCount(plan.data?.total ?? count)}
          </SubmitButton>
        </>
      }
    >
      <div className="flex flex-col gap-4 pt-1">
        <RedrivePlan plan={plan.data} request={request} />
        <FaultCallout subscription={group.subscription} />
        <RedriveFields form={form} problems={problems} onChange={setForm} />
        {error ? (
          <p role="alert" className="text-s text-fail">
            {error.message}
          </p>
        ) : null}
      </div>
    </Dialog>
  );
}

function RedriveFields(props: {
  form: RedriveForm;
  problems: ReturnType<typeof formProblems>;
  onChange: (form: RedriveForm) => void;
}) {
  const { form, problems } = props;
  const change = (part: Partial<RedriveForm>) => props.onChange({ ...form, ...part });
  return (
    <div className="flex flex-col gap-3">
      <div className="grid grid-cols-2 gap-3">
        <Field
          label="Letters per second"
          error={problems.rate}
          hint="Empty: as fast as they are handled"
        >
          {(control) => (
            <Input
              {...control}
              inputMode="decimal"
              className="num"
              value={form.ratePerSecond}
              onChange={(event) => change({ ratePerSecond: event.target.value })}
            />
          )}
        </Field>
        <Field label="Stop above % failed" error={problems.stop} hint="Empty: go on to the end">
          {(control) => (
            <Input
              {...control}
              inputMode="decimal"
              className="num"
              value={form.stopAtPercent}
              onChange={(event) => change({ stopAtPercent: event.target.value })}
            />
          )}
        </Field>
      </div>
      <Switch
        label="Canary: first 1, then 10, then the rest, each only when the one before went well"
        checked={form.isCanary}
        onChange={(isCanary) => change({ isCanary })}
      />
      <Field label="Why" hint="Kept with the operation and in the audit trail.">
        {(control) => (
          <Input
            {...control}
            value={form.reason}
            maxLength={2_000}
            onChange={(event) => change({ reason: event.target.value })}
          />
        )}
      </Field>
    </div>
  );
}

/** The plan follows the settings, a moment after the last change. */
function usePlan(request: RedriveInput | null) {
  const plan = usePlanRedrive();
  const { mutate } = plan;
  const asked = request === null ? null : JSON.stringify({ ...request, reason: undefined });
  useEffect(() => {
    if (asked === null || request === null) return undefined;
    const timer = setTimeout(() => mutate(request), PLAN_AFTER_MS);
    return () => clearTimeout(timer);
    // oxlint-disable-next-line react/exhaustive-deps -- `asked` is the request by value; the reason changes nothing about the plan
  }, [asked, mutate]);
  return plan;
}
