import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { useShortcut } from '#components/ui/use-shortcut.ts';
import { consumerHref } from './consumer-columns.tsx';

const ROWS = '[data-consumer]';
const GROUP = 'Consumers';

/** j and k go along the rows as they stand on the page, Enter opens one. Answers with the name of the chosen row. */
export function useRowKeys(): string | null {
  const [name, setName] = useState<string | null>(null);
  const router = useRouter();
  const step = (by: 1 | -1) => {
    const rows = [...document.querySelectorAll<HTMLElement>(ROWS)];
    const index = rows.findIndex((row) => row.dataset['consumer'] === name);
    const first = by === 1 ? 0 : rows.length - 1;
    const next = rows[index === -1 ? first : Math.min(Math.max(index + by, 0), rows.length - 1)];
    next?.scrollIntoView({ block: 'nearest' });
    setName(next?.dataset['consumer'] ?? null);
  };
  useShortcut('j', () => step(1), { label: 'Next consumer', group: GROUP });
  useShortcut('k', () => step(-1), { label: 'Previous consumer', group: GROUP });
  useShortcut('Enter', () => name && router.push(consumerHref(name)), {
    label: 'Open the consumer',
    group: GROUP,
    isEnabled: name !== null,
  });
  return name;
}
