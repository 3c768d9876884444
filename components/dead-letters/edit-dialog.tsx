'use client';
import { Lock } from 'lucide-react';
import { useDeferredValue } from 'react';
import { Button } from '#components/ui/button.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { JsonDiff } from '#components/ui/json-diff.tsx';
import { JsonEditor, type JsonText, readJsonText } from '#components/ui/json-editor.tsx';
import { SubmitButton } from '#components/ui/submit-button.tsx';
import { type DeadLetter } from '#contracts/dead-letter.ts';

const INDENT = 2;

/** The payload as text that can be changed, what is changed, and to whom it goes. Who the event is stays as it is. */
export function EditDialog(props: {
  letter: DeadLetter;
  text: string;
  onText: (text: string) => void;
  isBusy: boolean;
  onRetry: (data: unknown) => void;
  onClose: () => void;
}) {
  const { letter, text } = props;
  const original = letter.event.data;
  const parsed = readJsonText(text);
  const shown = useDeferredValue(parsed);
  const reason = whyNot(parsed, original);
  const retry = () => {
    if (parsed.type === 'valid' && reason === null && !props.isBusy) props.onRetry(parsed.value);
  };
  return (
    <Dialog
      open
      size="l"
      onOpenChange={(isOpen) => {
        if (!isOpen) props.onClose();
      }}
      title="Edit and retry"
      onSubmit={retry}
      description={`The edited payload goes to ${letter.subscription} only. The event in the log stays as it is, and nobody else sees the edit.`}
      footer={
        <>
          <Button
            size="m"
            variant="ghost"
            className="mr-auto"
            onClick={() => props.onText(JSON.stringify(original ?? {}, null, INDENT))}
          >
            Back to the original
          </Button>
          <Button size="m" variant="ghost" onClick={props.onClose}>
            Cancel
          </Button>
          <SubmitButton onClick={retry} busy={props.isBusy} reason={reason}>
            Retry with this payload
          </SubmitButton>
        </>
      }
    >
      <div className="grid gap-4 pt-1 md:grid-cols-2">
        <section aria-label="Payload">
          <h3 className="mb-1 text-s font-medium text-text-2">Payload</h3>
          <JsonEditor label="Payload to deliver" text={text} onChange={props.onText} />
          {parsed.type === 'invalid' ? (
            <p role="alert" className="mt-1 text-s text-fail">
              {parsed.message}
            </p>
          ) : null}
        </section>
        <section aria-label="Changes">
          <h3 className="mb-1 text-s font-medium text-text-2">Against the original</h3>
          {shown.type === 'valid' ? (
            <JsonDiff label="Changes to the payload" before={original} after={shown.value} />
          ) : (
            <p className="text-s text-text-3">Shown again when the text is JSON.</p>
          )}
        </section>
        <LockedFields letter={letter} />
      </div>
    </Dialog>
  );
}

function LockedFields({ letter }: { letter: DeadLetter }) {
  const { event } = letter;
  const fields = [
    ['id', event.id],
    ['source', event.source],
    ['type', event.type],
    ['subject', event.subject],
    ['stream', event.stream === undefined ? undefined : `${event.stream} v${event.version ?? ''}`],
    ['correlationid', event.correlationid],
  ] as const;
  return (
    <section aria-label="Identity, locked" className="md:col-span-2">
      <h3 className="mb-1 flex items-center gap-1.5 text-s font-medium text-text-2">
        <Lock aria-hidden className="size-3" />
        Identity, locked
      </h3>
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-0.5 text-s sm:grid-cols-[auto_minmax(0,1fr)_auto_minmax(0,1fr)]">
        {fields.map(([name, value]) =>
          value === undefined ? null : (
            <div key={name} className="contents">
              <dt className="text-text-3">{name}</dt>
              <dd className="num m-0 truncate text-text-2" title={value}>
                {value}
              </dd>
            </div>
          ),
        )}
      </dl>
    </section>
  );
}

function whyNot(parsed: JsonText, original: unknown): string | null {
  if (parsed.type === 'invalid') return 'the text is not JSON';
  return JSON.stringify(parsed.value) === JSON.stringify(original)
    ? 'nothing is changed yet'
    : null;
}
