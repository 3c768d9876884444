'use client';
import { JsonDiff } from '#components/ui/json-diff.tsx';
import { JsonViewer } from '#components/ui/json-viewer.tsx';
import { type DeadLetter } from '#contracts/dead-letter.ts';

/** What the event carries, and what a retry would deliver in its place when somebody edited it. */
export function LetterPayload({ letter }: { letter: DeadLetter }) {
  const { event, editedData } = letter;
  const original = event.data ?? event.data_base64;
  if (original === undefined && editedData === undefined) {
    return <p className="text-s text-text-3">This event has no payload.</p>;
  }
  return (
    <div className="flex flex-col gap-3">
      {editedData === undefined ? null : (
        <div>
          <p className="mb-1 text-s text-slow">
            Edited: retries deliver this to {letter.subscription} in place of the original.
          </p>
          <JsonDiff label="What was edited" before={original} after={editedData} />
          <p className="mt-3 text-s text-text-3">The original, as it stands in the log</p>
        </div>
      )}
      <JsonViewer label="Payload" value={original} fileName={`${event.id}.json`} />
    </div>
  );
}
