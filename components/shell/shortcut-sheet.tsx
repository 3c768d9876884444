'use client';
import { Dialog } from '#components/ui/dialog.tsx';
import { Kbd } from '#components/ui/kbd.tsx';
import { type Shortcut, useShortcutList } from '#components/ui/use-shortcut.ts';

/** Keys that parts of the page handle themselves while they have the focus. */
const IN_LISTS: readonly Shortcut[] = [
  { keys: 'j / k', label: 'Next, previous row', group: 'Lists' },
  { keys: 'Enter', label: 'Open the row', group: 'Lists' },
  { keys: 'Home / End', label: 'First, last row', group: 'Lists' },
  { keys: 'Esc', label: 'Close what is open', group: 'Everywhere' },
  { keys: 'mod+Enter', label: 'Confirm a question', group: 'Everywhere' },
];

/** All shortcuts that work where the reader is. */
export function ShortcutSheet(props: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const shortcuts = [...useShortcutList(), ...IN_LISTS];
  const groups = Map.groupBy(shortcuts, (shortcut) => shortcut.group);
  return (
    <Dialog
      open={props.open}
      onOpenChange={props.onOpenChange}
      title="Keyboard shortcuts"
      description="Off while you type."
      size="l"
    >
      <div className="gap-8 sm:columns-2">
        {[...groups].map(([group, entries]) => (
          <section key={group} className="mb-5 break-inside-avoid">
            <h3 className="mb-1 text-xs font-semibold text-text-3">{group}</h3>
            <dl>
              {entries.map((entry) => (
                <div
                  key={entry.keys + entry.label}
                  className="flex h-8 items-center justify-between gap-4 border-b border-line text-s"
                >
                  <dt className="text-text-2">{entry.label}</dt>
                  <dd className="flex gap-1">
                    {keysOf(entry.keys).map((key) => (
                      <Kbd key={key} isRead className="text-xs text-text-2">
                        {key}
                      </Kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

function keysOf(keys: string): string[] {
  const parts = keys === '/' ? [keys] : keys.split(/ \/ | /u);
  return parts.map((key) => key.replace('mod+', 'Ctrl/⌘ '));
}
