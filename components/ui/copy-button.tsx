'use client';
import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { IconButton } from './icon-button.tsx';

const SHOWN_MS = 1_500;

/** Copies `value`; a function is asked when clicked. */
export function CopyButton(props: {
  value: string | (() => string);
  label?: string | undefined;
  className?: string | undefined;
}) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = async () => {
    const text = typeof props.value === 'string' ? props.value : props.value();
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <IconButton
      label={isCopied ? 'Copied' : (props.label ?? 'Copy')}
      className={props.className}
      onClick={() => void copy()}
    >
      {isCopied ? <Check className="text-ok" /> : <Copy />}
    </IconButton>
  );
}
