'use client';
import { useState } from 'react';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { Field } from '#components/ui/field.tsx';
import { Input, Textarea } from '#components/ui/input.tsx';
import { toast } from '#components/ui/toast.tsx';
import { publishEvent } from '#lib/api/events.ts';

const EXAMPLE = '{\n  "total": 42\n}';

/** Publishes one event by hand: the first thing to try on an empty Weir. */
export function PublishDialog(props: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onPublished: (id: string) => void;
}) {
  const [topic, setTopic] = useState('orders');
  const [type, setType] = useState('order.placed');
  const [subject, setSubject] = useState('order-1');
  const [text, setText] = useState(EXAMPLE);
  const [isBusy, setBusy] = useState(false);
  const problem = jsonProblem(text);
  const publish = async () => {
    setBusy(true);
    try {
      const data: unknown = text.trim() === '' ? undefined : JSON.parse(text);
      const [receipt] = await publishEvent(topic, { type, subject, data });
      props.onOpenChange(false);
      if (receipt) {
        toast.done(`Stored at position ${receipt.position}`, {
          detail: `${receipt.topic}, partition ${receipt.partition}, offset ${receipt.offset}`,
        });
        props.onPublished(receipt.id);
      }
    } catch (error) {
      toast.failed('The event was not stored', error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <ConfirmDialog
      open={props.open}
      onOpenChange={props.onOpenChange}
      title="Publish an event"
      confirmLabel="Publish"
      busy={isBusy}
      reason={problem ?? (topic === '' || type === '' ? 'topic and type are needed' : null)}
      onConfirm={() => void publish()}
    >
      <div className="flex flex-col gap-3">
        <Field label="Topic" hint="Made at first use.">
          {(control) => (
            <Input {...control} value={topic} onChange={(event) => setTopic(event.target.value)} />
          )}
        </Field>
        <Field label="Type">
          {(control) => (
            <Input {...control} value={type} onChange={(event) => setType(event.target.value)} />
          )}
        </Field>
        <Field label="Subject" hint="Events of one subject stay in order.">
          {(control) => (
            <Input
              {...control}
              value={subject}
              onChange={(event) => setSubject(event.target.value)}
            />
          )}
        </Field>
        <Field label="Payload" error={problem}>
          {(control) => (
            <Textarea
              {...control}
              rows={6}
              value={text}
              spellCheck={false}
              className="font-mono"
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
      </div>
    </ConfirmDialog>
  );
}

function jsonProblem(text: string): string | null {
  if (text.trim() === '') return null;
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : 'not JSON';
  }
}
