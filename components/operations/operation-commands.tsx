'use client';
import { Pause, Play, X } from 'lucide-react';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { toast } from '#components/ui/toast.tsx';
import { type Operation } from '#contracts/operation.ts';
import { type OperationCommand } from '#lib/api/operations.ts';
import { formatCount } from '#lib/format/number.ts';
import { useCommandOperation } from '#lib/queries/operations.ts';
import { isActive, refusal } from './operation-words.ts';

/** Pause or resume, and cancel after asking. Nothing once the operation has ended. */
export function OperationCommands({ operation }: { operation: Operation }) {
  const command = useCommandOperation();
  const [isAsking, setAsking] = useState(false);
  if (!isActive(operation)) return null;
  const run = (name: OperationCommand) =>
    command.mutate(
      { id: operation.id, command: name },
      {
        onSuccess: () => setAsking(false),
        onError: (error) => toast.failed(`Could not ${name} the operation`, error),
      },
    );
  const isPaused = operation.state === 'paused';
  const left = operation.total - operation.done - operation.failed;
  return (
    <span className="inline-flex gap-2">
      <Button
        size="s"
        onClick={() => run(isPaused ? 'resume' : 'pause')}
        busy={command.isPending && !isAsking}
        reason={refusal(operation, isPaused ? 'resume' : 'pause')}
      >
        {isPaused ? <Play aria-hidden /> : <Pause aria-hidden />}
        {isPaused ? 'Resume' : 'Pause'}
      </Button>
      <Button size="s" variant="ghost" onClick={() => setAsking(true)}>
        <X aria-hidden />
        Cancel…
      </Button>
      <ConfirmDialog
        open={isAsking}
        onOpenChange={setAsking}
        title={`Cancel “${operation.title}”?`}
        confirmLabel="Cancel the operation"
        tone="danger"
        busy={command.isPending}
        onConfirm={() => run('cancel')}
      >
        {formatCount(left)} of {formatCount(operation.total)} have not been delivered and will not
        be. What was delivered stays delivered.
      </ConfirmDialog>
    </span>
  );
}
