'use client';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json, jsonParseLinter } from '@codemirror/lang-json';
import { bracketMatching, codeFolding, foldGutter, foldKeymap } from '@codemirror/language';
import { linter, lintKeymap } from '@codemirror/lint';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { cn } from './cn.ts';
import { codemirrorTheme } from './codemirror-theme.ts';

export type JsonSurfaceProps = {
  label: string;
  text: string;
  /** Absent: read only. */
  onChange?: ((text: string) => void) | undefined;
  className?: string | undefined;
};

/** CodeMirror on JSON text. Loaded only when shown: use JsonViewer or JsonEditor. */
export function JsonSurface({ label, text, onChange, className }: JsonSurfaceProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const change = useRef(onChange);
  const isEditable = onChange !== undefined;
  const initial = useRef(text);
  useEffect(() => {
    change.current = onChange;
  });

  useEffect(() => {
    if (!host.current) return undefined;
    const made = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: initial.current,
        extensions: [
          shared(label),
          isEditable ? editing((next) => change.current?.(next)) : reading(),
        ],
      }),
    });
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
  }, [label, isEditable]);

  useEffect(() => {
    const made = view.current;
    initial.current = text;
    if (!made || made.state.doc.toString() === text) return;
    made.dispatch({ changes: { from: 0, to: made.state.doc.length, insert: text } });
  }, [text]);

  return <div ref={host} className={cn('[&_.cm-editor]:max-h-[inherit]', className)} />;
}

function shared(label: string): Extension {
  return [
    json(),
    codemirrorTheme,
    codeFolding(),
    foldGutter(),
    bracketMatching(),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
  ];
}

function reading(): Extension {
  return [EditorState.readOnly.of(true), EditorView.editable.of(false), keymap.of([...foldKeymap])];
}

/** The dialog around it has ⌘/Ctrl+Enter. */
const typingKeymap = defaultKeymap.filter(({ key }) => key !== 'Mod-Enter');

function editing(onText: (text: string) => void): Extension {
  return [
    lineNumbers(),
    history(),
    linter(jsonParseLinter()),
    keymap.of([...typingKeymap, ...historyKeymap, ...foldKeymap, ...lintKeymap]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) onText(update.state.doc.toString());
    }),
  ];
}
