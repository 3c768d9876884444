'use client';
import { X } from 'lucide-react';
import { type ComponentProps } from 'react';
import { Button } from './button.tsx';

/** Closes what it stands in. Without a tooltip: that would take the first Escape for itself. */
export function CloseButton(props: ComponentProps<'button'>) {
  return (
    <Button variant="ghost" aria-label="Close" className="size-7 px-0" {...props}>
      <X />
    </Button>
  );
}
