'use client';
import { useEffect, useRef, useSyncExternalStore } from 'react';

/** "g t" (one after the other), "?" , "/", "Space", "Escape", "shift+r", "mod+k" (⌘ on a Mac, Ctrl elsewhere). */
export type ShortcutKeys = string;

export type Shortcut = {
  readonly keys: ShortcutKeys;
  /** What it does, for the sheet under "?". */
  readonly label: string;
  readonly group: string;
};

type Entry = Shortcut & { readonly run: () => void };

const SEQUENCE_MS = 1_200;
const TYPING = 'input, textarea, select, [contenteditable="true"], [role="textbox"], .cm-editor';
/** Questions in front of the page take the keys. */
const MODAL = '[data-modal]';

const entries = new Set<Entry>();
const watchers = new Set<() => void>();
let listed: readonly Shortcut[] = [];
let pending: { readonly key: string; readonly at: number } | null = null;

/**
 * Runs `run` on these keys while mounted and lists them under "?". Off while typing or while a question stands in
 * front of the page; combinations with `mod` work everywhere. The latest to register wins.
 */
export function useShortcut(
  keys: ShortcutKeys,
  run: () => void,
  options: { readonly label: string; readonly group: string; readonly isEnabled?: boolean },
): void {
  const { label, group, isEnabled = true } = options;
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    if (!isEnabled) return undefined;
    const entry: Entry = { keys, label, group, run: () => latest.current() };
    add(entry);
    return () => remove(entry);
  }, [keys, label, group, isEnabled]);
}

/** All shortcuts that work now, for the sheet. */
export function useShortcutList(): readonly Shortcut[] {
  return useSyncExternalStore(watch, currentList, currentList);
}

function add(entry: Entry): void {
  if (entries.size === 0) document.addEventListener('keydown', onKeyDown);
  entries.add(entry);
  publish();
}

function remove(entry: Entry): void {
  entries.delete(entry);
  if (entries.size === 0) document.removeEventListener('keydown', onKeyDown);
  publish();
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const key = nameOf(event);
  if (event.metaKey || event.ctrlKey) {
    runFirst(event, [`mod+${key}`]);
    return;
  }
  if (isTaken(event, key)) return;
  const before = pending && event.timeStamp - pending.at < SEQUENCE_MS ? pending.key : null;
  pending = null;
  if (event.shiftKey && runFirst(event, [`shift+${key}`])) return;
  if (runFirst(event, before ? [`${before} ${key}`, key] : [key])) return;
  if (startsSequence(key)) pending = { key, at: event.timeStamp };
}

function runFirst(event: KeyboardEvent, candidates: readonly string[]): boolean {
  const entry = candidates.map(find).find((found) => found !== undefined);
  if (!entry) return false;
  event.preventDefault();
  // A combination that is held down is pressed once.
  if (!event.repeat || !(event.metaKey || event.ctrlKey)) entry.run();
  return true;
}

function isTaken(event: KeyboardEvent, key: string): boolean {
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest(TYPING) || document.querySelector(MODAL)) return true;
  // Space and Enter press the control that has the focus.
  return (
    (key === 'Space' || key === 'Enter') && Boolean(target?.closest('button, a, summary, label'))
  );
}

function nameOf(event: KeyboardEvent): string {
  if (event.key === ' ') return 'Space';
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

function find(keys: string): Entry | undefined {
  return [...entries].findLast((entry) => entry.keys === keys);
}

function startsSequence(key: string): boolean {
  return [...entries].some((entry) => entry.keys.startsWith(`${key} `));
}

function publish(): void {
  listed = [...entries].map(({ keys, label, group }) => ({ keys, label, group }));
  for (const watcher of watchers) watcher();
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

function currentList(): readonly Shortcut[] {
  return listed;
}
