'use client';
import { X } from 'lucide-react';
import { type KeyboardEvent, useEffect, useId, useState } from 'react';
import { Input } from '#components/ui/input.tsx';

const SUGGESTIONS_SHOWN = 8;

export type GlobInputProps = {
  readonly id: string;
  readonly 'aria-describedby'?: string | undefined;
  readonly values: readonly string[];
  readonly onChange: (values: readonly string[]) => void;
  /** What is known to exist, for completion. */
  readonly known: readonly string[];
  readonly placeholder: string;
};

/** A list of globs: Enter or a comma adds what is typed, Backspace in the empty field takes the last one back. */
export function GlobInput(props: GlobInputProps) {
  const { values, onChange } = props;
  const [draft, setDraft] = useState('');
  const [isOpen, setOpen] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const listId = useId();
  const suggestions = isOpen ? suggestionsFor(draft, props) : [];
  const hasSuggestions = suggestions.length > 0;
  useEffect(() => {
    if (!hasSuggestions) return undefined;
    // Escape closes the list; a dialog around it listens on the document and must not hear it.
    const onEscape = (event: globalThis.KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      setOpen(false);
    };
    window.addEventListener('keydown', onEscape, { capture: true });
    return () => window.removeEventListener('keydown', onEscape, { capture: true });
  }, [hasSuggestions]);
  const add = (text: string) => {
    const added = text.split(',').flatMap((part) => part.trim() || []);
    onChange([...new Set([...values, ...added])]);
    setDraft('');
    setChosen(-1);
    setOpen(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') {
      // With ⌘ or Ctrl the dialog is confirmed next, with what was typed here.
      if (!event.metaKey && !event.ctrlKey) event.preventDefault();
      add(suggestions[chosen] ?? draft);
    } else if (event.key === 'Backspace' && draft === '') {
      onChange(values.slice(0, -1));
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setOpen(true);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setChosen(Math.min(Math.max(chosen + step, -1), suggestions.length - 1));
    }
  };
  return (
    <div className="relative">
      <Chosen values={values} onChange={onChange} />
      <Input
        id={props.id}
        aria-describedby={props['aria-describedby']}
        role="combobox"
        aria-expanded={hasSuggestions}
        aria-controls={listId}
        aria-activedescendant={chosen >= 0 ? `${listId}-${chosen}` : undefined}
        value={draft}
        placeholder={values.length === 0 ? props.placeholder : 'one more'}
        autoComplete="off"
        spellCheck={false}
        className="font-mono"
        onChange={(event) => {
          if (event.target.value.endsWith(',')) {
            add(event.target.value);
            return;
          }
          setDraft(event.target.value);
          setChosen(-1);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => {
          setOpen(false);
          if (draft.trim() !== '') add(draft);
        }}
        onKeyDown={onKeyDown}
      />
      <div
        id={listId}
        role="listbox"
        aria-label="Suggestions"
        hidden={!hasSuggestions}
        className="absolute top-full right-0 left-0 z-10 mt-1 overflow-hidden rounded-m border border-line-strong bg-raised p-1 shadow-raised"
      >
        {suggestions.map((suggestion, index) => (
          <div
            key={suggestion}
            id={`${listId}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            className="num cursor-default rounded-s px-2 py-1 text-s hover:bg-accent-soft aria-selected:bg-accent-soft"
            onPointerDown={(event) => {
              event.preventDefault();
              add(suggestion);
            }}
          >
            {suggestion}
          </div>
        ))}
      </div>
    </div>
  );
}

function Chosen(props: {
  values: readonly string[];
  onChange: (values: readonly string[]) => void;
}) {
  if (props.values.length === 0) return null;
  return (
    <ul className="m-0 mb-1.5 flex list-none flex-wrap gap-1.5 p-0">
      {props.values.map((value) => (
        <li
          key={value}
          className="num inline-flex h-6 items-center gap-1 rounded-s bg-accent-soft pl-2 text-s text-accent"
        >
          {value}
          <button
            type="button"
            aria-label={`Remove ${value}`}
            className="grid size-6 place-items-center rounded-s hover:text-text"
            onClick={() => props.onChange(props.values.filter((each) => each !== value))}
          >
            <X aria-hidden className="size-3" />
          </button>
        </li>
      ))}
    </ul>
  );
}

function suggestionsFor(draft: string, { known, values }: GlobInputProps): readonly string[] {
  const word = draft.trim().toLowerCase();
  return known
    .filter((each) => each.toLowerCase().includes(word) && !values.includes(each))
    .slice(0, SUGGESTIONS_SHOWN);
}
