import { type ReactNode, Suspense } from 'react';
import { Shell } from '#components/shell/shell.tsx';

/** Every place stands in the shell. Suspense: views read the URL. */
export default function ControlRoomLayout({ children }: { children: ReactNode }) {
  return (
    <Shell>
      <Suspense>{children}</Suspense>
    </Shell>
  );
}
