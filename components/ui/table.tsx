import { type ComponentProps } from 'react';
import { cn } from './cn.ts';

/** Plain table parts with the house's density. Scrolls sideways inside itself when there is no room. */
export function Table({ className, label, ...rest }: ComponentProps<'table'> & { label: string }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard
    <div className="w-full overflow-x-auto" tabIndex={0} role="region" aria-label={label}>
      <table {...rest} className={cn('w-full border-collapse text-s', className)} />
    </div>
  );
}

export function TableHead(props: ComponentProps<'thead'>) {
  return <thead {...props} />;
}

export function TableBody(props: ComponentProps<'tbody'>) {
  return <tbody {...props} />;
}

export function TableRow({ className, ...rest }: ComponentProps<'tr'>) {
  return (
    <tr {...rest} className={cn('border-b border-line aria-selected:bg-accent-soft', className)} />
  );
}

export function TableHeader({ className, ...rest }: ComponentProps<'th'>) {
  return (
    <th
      scope="col"
      {...rest}
      className={cn(
        'h-8 px-2 text-left text-xs font-medium whitespace-nowrap text-text-3 first:pl-0 last:pr-0',
        className,
      )}
    />
  );
}

/** `numeric` cells are mono, tabular and stand at the right. */
export function TableCell({
  className,
  numeric,
  ...rest
}: ComponentProps<'td'> & { numeric?: boolean | undefined }) {
  return (
    <td
      {...rest}
      className={cn(
        'h-8 px-2 align-middle first:pl-0 last:pr-0',
        numeric && 'num text-right whitespace-nowrap',
        className,
      )}
    />
  );
}
