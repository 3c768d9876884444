import { type Metadata } from 'next';
import Link from 'next/link';
import { Button } from '#components/ui/button.tsx';
import { EmptyState } from '#components/ui/empty-state.tsx';

export const metadata: Metadata = { title: 'Not found' };

export default function NotFound() {
  return (
    <main>
      <EmptyState
        kind="nothing-exists"
        title="There is no such page"
        action={
          <Button asChild variant="primary">
            <Link href="/">Go to the topology</Link>
          </Button>
        }
      >
        The address may be old, or mistyped.
      </EmptyState>
    </main>
  );
}
