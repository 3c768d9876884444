'use client';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { CodeBlock } from '#components/ui/code-block.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { Field } from '#components/ui/field.tsx';
import { Input } from '#components/ui/input.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { Select } from '#components/ui/select.tsx';
import { SubmitButton } from '#components/ui/submit-button.tsx';
import { type Subscription } from '#contracts/subscription.ts';
import { usePutSubscription } from '#lib/queries/subscriptions.ts';
import { topicsQuery } from '#lib/queries/topics.ts';
import { consumerHref } from './consumer-columns.tsx';
import { GlobInput } from './glob-input.tsx';
import {
  curlLines,
  draftOf,
  FIRST_FORM,
  type FormProblems,
  formProblems,
  GUARANTEES,
  type SubscriptionForm,
} from './subscription-form.ts';

type FieldsProps = {
  form: SubscriptionForm;
  problems: FormProblems;
  onChange: (change: Partial<SubscriptionForm>) => void;
};

/** Makes a subscription that is consumed over HTTP, and shows how. */
export function NewSubscriptionDialog(props: {
  existing: readonly Subscription[];
  onClose: () => void;
}) {
  const [form, setForm] = useState(FIRST_FORM);
  const [isTried, setTried] = useState(false);
  const making = usePutSubscription();
  const made = making.data;
  const problems = formProblems(form, props.existing);
  const isFine = Object.keys(problems).length === 0;
  const make = () => {
    setTried(true);
    if (isFine && !making.isPending) making.mutate({ name: form.name, draft: draftOf(form) });
  };
  return (
    <Dialog
      open
      size={made ? 'l' : 'm'}
      onOpenChange={(isOpen) => {
        if (!isOpen) props.onClose();
      }}
      title={made ? `${made.name} is listening` : 'New subscription'}
      onSubmit={made ? undefined : make}
      description={
        made
          ? 'Receive from any language. What is not acknowledged in time comes again.'
          : 'Weir keeps its place in the log; you fetch its events over HTTP.'
      }
      footer={
        made ? (
          <>
            <Button size="m" variant="ghost" onClick={props.onClose}>
              Close
            </Button>
            <Button size="m" variant="primary" asChild>
              <Link href={consumerHref(made.name)}>Open {made.name}</Link>
            </Button>
          </>
        ) : (
          <>
            <Button size="m" variant="ghost" onClick={props.onClose}>
              Cancel
            </Button>
            <SubmitButton
              busy={making.isPending}
              reason={isTried && !isFine ? 'Some fields need another look' : null}
              onClick={make}
            >
              Make it
            </SubmitButton>
          </>
        )
      }
    >
      {made ? (
        <CurlLines name={made.name} />
      ) : (
        <div className="flex flex-col gap-4 pt-1">
          <WhatFields
            form={form}
            problems={isTried ? problems : {}}
            existing={props.existing}
            onChange={(change) => setForm((before) => ({ ...before, ...change }))}
          />
          <HowFields
            form={form}
            problems={isTried ? problems : {}}
            onChange={(change) => setForm((before) => ({ ...before, ...change }))}
          />
          {making.error ? (
            <p role="alert" className="text-s text-fail">
              {making.error.message}
            </p>
          ) : null}
        </div>
      )}
    </Dialog>
  );
}

function WhatFields(props: FieldsProps & { existing: readonly Subscription[] }) {
  const { form, onChange } = props;
  const topics = useQuery(topicsQuery()).data ?? [];
  const knownTypes = new Set(props.existing.flatMap((one) => one.filter.types ?? []));
  return (
    <>
      <Field label="Name" error={props.problems.name}>
        {(control) => (
          <Input
            {...control}
            data-autofocus
            value={form.name}
            placeholder="invoice-service"
            autoComplete="off"
            spellCheck={false}
            className="font-mono"
            onChange={(event) => onChange({ name: event.target.value.trim() })}
          />
        )}
      </Field>
      <Field label="Topics" hint="Names or globs such as order*. Empty: all but Weir's own ($…).">
        {(control) => (
          <GlobInput
            id={control.id}
            aria-describedby={control['aria-describedby']}
            values={form.topics}
            known={topics.map((topic) => topic.name)}
            placeholder="all topics"
            onChange={(values) => onChange({ topics: values })}
          />
        )}
      </Field>
      <Field label="Types" hint="Types or globs such as order.*. Empty: all.">
        {(control) => (
          <GlobInput
            id={control.id}
            aria-describedby={control['aria-describedby']}
            values={form.types}
            known={[...knownTypes].filter((type) => type !== '*').toSorted()}
            placeholder="all types"
            onChange={(values) => onChange({ types: values })}
          />
        )}
      </Field>
      <div>
        <span className="mb-1 block text-s text-text-2">Start with</span>
        <Segmented
          label="Start with"
          value={form.start}
          onChange={(start) => onChange({ start })}
          options={[
            { value: 'latest', label: 'What comes from now on' },
            { value: 'earliest', label: 'All of history' },
          ]}
        />
      </div>
    </>
  );
}

const RETRY_FIELDS = [
  { field: 'maxRetries', label: 'Retries' },
  { field: 'baseMs', label: 'First after, ms' },
  { field: 'factor', label: 'Times each' },
  { field: 'maxMs', label: 'At most, ms' },
] as const;

function HowFields({ form, problems, onChange }: FieldsProps) {
  return (
    <>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="Guarantee">
          {(control) => (
            <Select
              id={control.id}
              className="w-full"
              value={form.guarantee}
              onChange={(guarantee) => onChange({ guarantee })}
              options={GUARANTEES.map((value) => ({ value, label: value }))}
            />
          )}
        </Field>
        <Field
          label="Time to acknowledge, ms"
          hint="Then it comes again."
          error={problems.visibilityMs}
        >
          {(control) => (
            <Input
              {...control}
              inputMode="numeric"
              className="num"
              value={form.visibilityMs}
              onChange={(event) => onChange({ visibilityMs: event.target.value })}
            />
          )}
        </Field>
      </div>
      <fieldset className="m-0 border-0 p-0">
        <legend className="mb-1 text-s font-medium">Retry policy</legend>
        <div className="grid grid-cols-2 gap-3 sm:grid-cols-4">
          {RETRY_FIELDS.map(({ field, label }) => (
            <Field key={field} label={label} error={problems[field]}>
              {(control) => (
                <Input
                  {...control}
                  inputMode="decimal"
                  className="num"
                  value={form[field]}
                  onChange={(event) => onChange({ [field]: event.target.value })}
                />
              )}
            </Field>
          ))}
        </div>
      </fieldset>
    </>
  );
}

function CurlLines({ name }: { name: string }) {
  return (
    <div className="flex flex-col gap-3 pt-1">
      {curlLines(window.location.origin, name).map(({ label, command }) => (
        <div key={label}>
          <p className="mb-1 text-s text-text-2">{label}</p>
          <CodeBlock label={`${label}: command`} copy={command}>
            {command}
          </CodeBlock>
        </div>
      ))}
    </div>
  );
}
