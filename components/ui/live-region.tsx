'use client';
import { useEffect, useState } from 'react';

const ANNOUNCE_EVERY_MS = 5_000;

/** Reads a summary to screen readers, at most every few seconds however often it changes. */
export function LiveRegion({ text }: { text: string }) {
  const [spoken, setSpoken] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSpoken(text), spoken === '' ? 0 : ANNOUNCE_EVERY_MS);
    return () => clearTimeout(timer);
  }, [text, spoken]);
  return (
    <div role="status" aria-live="polite" className="sr-only">
      {spoken}
    </div>
  );
}
