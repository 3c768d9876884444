'use client';
import { type ReactNode, useId } from 'react';

/** A labelled control with its hint and its error; `children` gets the ids to put on the control. */
export function Field(props: {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | null | undefined;
  children: (control: {
    id: string;
    'aria-describedby': string | undefined;
    'aria-invalid': true | undefined;
  }) => ReactNode;
}) {
  const id = useId();
  const noteId = `${id}-note`;
  const note = props.error ?? props.hint;
  return (
    <div>
      <label htmlFor={id} className="mb-1 block text-s text-text-2">
        {props.label}
      </label>
      {props.children({
        id,
        'aria-describedby': note ? noteId : undefined,
        'aria-invalid': props.error ? true : undefined,
      })}
      {note ? (
        <p
          id={noteId}
          className={props.error ? 'mt-1 text-xs text-fail' : 'mt-1 text-xs text-text-3'}
        >
          {note}
        </p>
      ) : null}
    </div>
  );
}
