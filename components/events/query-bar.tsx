'use client';
import { Search, X } from 'lucide-react';
import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { cn } from '#components/ui/cn.ts';
import { IconButton } from '#components/ui/icon-button.tsx';
import { Kbd } from '#components/ui/kbd.tsx';
import { useShortcut } from '#components/ui/use-shortcut.ts';
import { parseQueryText, type QueryProblem } from '#lib/query-language.ts';
import { type Completion, completionsFor, wordAt } from './query-completion.ts';

/** The query as text. Enter applies it; what it does not understand is said below. Keyed by the applied text. */
export function QueryBar(props: {
  text: string;
  known: { readonly topics: readonly string[]; readonly types: readonly string[] };
  onApply: (text: string) => void;
}) {
  const [draft, setDraft] = useState(props.text);
  const [problems, setProblems] = useState<readonly QueryProblem[]>(
    () => parseQueryText(props.text, new Date()).problems,
  );
  const [caret, setCaret] = useState<number | null>(null);
  const [chosen, setChosen] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const listId = useId();
  useShortcut('/', () => input.current?.focus(), { label: 'Search', group: 'Events' });

  const completions = caret === null ? [] : completionsFor(wordAt(draft, caret).word, props.known);
  const complete = (completion: Completion) => {
    const { start } = wordAt(draft, caret ?? draft.length);
    const next = `${draft.slice(0, start)}${completion.text}${draft.slice(caret ?? draft.length)}`;
    setDraft(next);
    setCaret(start + completion.text.length);
    setChosen(-1);
    input.current?.focus();
  };
  const apply = () => {
    const found = parseQueryText(draft, new Date()).problems;
    setProblems(found);
    setCaret(null);
    if (found.length === 0) props.onApply(draft);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') {
      event.preventDefault();
      const completion = completions[chosen];
      if (completion) complete(completion);
      else apply();
    } else if (event.key === 'Escape' && completions.length > 0) {
      event.stopPropagation();
      setCaret(null);
    } else if (event.key === 'Tab' && completions[Math.max(chosen, 0)] && !event.shiftKey) {
      const completion = completions[Math.max(chosen, 0)];
      if (completion && draft !== '') {
        event.preventDefault();
        complete(completion);
      }
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setChosen(Math.min(Math.max(chosen + step, -1), completions.length - 1));
    }
  };
  return (
    <div className="relative min-w-0 flex-1 basis-80">
      <div
        className={cn(
          'flex h-9 items-center gap-2 rounded-m border bg-surface px-2.5',
          problems.length > 0 ? 'border-fail' : 'border-line focus-within:border-accent',
        )}
      >
        <Search aria-hidden className="size-4 shrink-0 text-text-3" />
        <input
          ref={input}
          role="combobox"
          aria-label="Query"
          aria-keyshortcuts="/"
          aria-expanded={completions.length > 0}
          aria-controls={listId}
          aria-activedescendant={chosen >= 0 ? `${listId}-${chosen}` : undefined}
          aria-invalid={problems.length > 0 || undefined}
          aria-describedby={`${listId}-problems`}
          value={draft}
          spellCheck={false}
          autoComplete="off"
          placeholder="type:order.*  topic:orders  corr:…  data.total > 100"
          className="min-w-0 flex-1 bg-transparent font-mono text-s text-text outline-none placeholder:text-text-3"
          onChange={(event) => {
            setDraft(event.target.value);
            setCaret(event.target.selectionStart);
            setChosen(-1);
          }}
          onFocus={(event) => setCaret(event.target.selectionStart)}
          onBlur={() => setCaret(null)}
          onKeyDown={onKeyDown}
        />
        {draft === '' ? (
          <Kbd className="max-sm:hidden">/</Kbd>
        ) : (
          <IconButton
            label="Clear the query"
            onClick={() => {
              setDraft('');
              setProblems([]);
              props.onApply('');
            }}
          >
            <X />
          </IconButton>
        )}
      </div>
      <p id={`${listId}-problems`} role="status" className="text-xs text-fail empty:hidden">
        {problems.map((problem) => problem.message).join(' ')}
      </p>
      <CompletionList id={listId} completions={completions} chosen={chosen} onComplete={complete} />
    </div>
  );
}

function CompletionList(props: {
  id: string;
  completions: readonly Completion[];
  chosen: number;
  onComplete: (completion: Completion) => void;
}) {
  return (
    <div
      id={props.id}
      role="listbox"
      aria-label="Completions"
      hidden={props.completions.length === 0}
      className="absolute top-10 right-0 left-0 z-20 overflow-hidden rounded-m border border-line-strong bg-raised p-1 shadow-raised"
    >
      {props.completions.map((completion, index) => (
        <div
          key={completion.text}
          id={`${props.id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === props.chosen}
          className="flex cursor-default gap-3 rounded-s px-2 py-1 text-s aria-selected:bg-accent-soft"
          onPointerDown={(event) => {
            event.preventDefault();
            props.onComplete(completion);
          }}
        >
          <code className="num text-accent">{completion.text}</code>
          <span className="truncate text-text-3">{completion.hint}</span>
        </div>
      ))}
    </div>
  );
}
