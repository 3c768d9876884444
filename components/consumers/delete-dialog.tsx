'use client';
import { useRouter } from 'next/navigation';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { toast } from '#components/ui/toast.tsx';
import { type Subscription } from '#contracts/subscription.ts';
import { formatPlural } from '#lib/format/number.ts';
import { useDeleteSubscription } from '#lib/queries/subscriptions.ts';

/** Asks for the name before a consumer goes with its place and its letters. */
export function DeleteDialog(props: {
  subscription: Subscription;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}) {
  const { name, deadLetters, lag } = props.subscription;
  const router = useRouter();
  const deleting = useDeleteSubscription();
  const confirm = () =>
    deleting.mutate(name, {
      onSuccess: () => {
        toast.done(`${name} is deleted`);
        router.push('/consumers');
      },
      onError: (error) => toast.failed(`${name} could not be deleted`, error),
    });
  return (
    <ConfirmDialog
      open={props.open}
      onOpenChange={props.onOpenChange}
      title={`Delete ${name}?`}
      confirmLabel="Delete"
      tone="danger"
      busy={deleting.isPending}
      typeToConfirm={name}
      onConfirm={confirm}
    >
      <p>
        Its place in the log goes, with {formatPlural(deadLetters, 'open dead letter')} and{' '}
        {formatPlural(lag, 'event')} it has not handled. The events themselves stay in the log.
      </p>
    </ConfirmDialog>
  );
}
