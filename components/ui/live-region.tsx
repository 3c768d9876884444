'use client';
import { useEffect, useRef, useState } from 'react';

const ANNOUNCE_EVERY_MS = 5_000;

/** Reads a summary to screen readers, at most every few seconds however often it changes. */
export function LiveRegion({ text }: { text: string }) {
  const [spoken, setSpoken] = useState(text);
  const latest = useRef(text);
  useEffect(() => {
    latest.current = text;
  }, [text]);
  useEffect(() => {
    const timer = setInterval(() => setSpoken(latest.current), ANNOUNCE_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <div role="status" aria-live="polite" className="sr-only">
      {spoken}
    </div>
  );
}
