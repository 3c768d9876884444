'use client';
import { Check, CheckCheck, EyeOff, Undo2 } from 'lucide-react';
import { type ReactNode } from 'react';
import { Button } from '#components/ui/button.tsx';
import { toast } from '#components/ui/toast.tsx';
import { type DeadLetterGroup } from '#contracts/dead-letter.ts';
import { formatPlural } from '#lib/format/number.ts';
import { usePatchDeadLetterGroup } from '#lib/queries/dead-letters.ts';

type GroupStatus = DeadLetterGroup['status'];

type StatusChange = { readonly to: GroupStatus; readonly label: string; readonly icon: ReactNode };

const ACKNOWLEDGE: StatusChange = { to: 'acknowledged', label: 'Acknowledge', icon: <Check /> };
const IGNORE: StatusChange = { to: 'ignored', label: 'Ignore', icon: <EyeOff /> };
const RESOLVE: StatusChange = { to: 'resolved', label: 'Resolve', icon: <CheckCheck /> };
const REOPEN: StatusChange = { to: 'open', label: 'Re-open', icon: <Undo2 /> };

const CHANGES: Readonly<Record<GroupStatus, readonly StatusChange[]>> = {
  open: [ACKNOWLEDGE, IGNORE, RESOLVE],
  acknowledged: [REOPEN, IGNORE, RESOLVE],
  ignored: [REOPEN],
  resolved: [REOPEN],
};

/** What a person decides about a cause. Done at once, with Undo. */
export function GroupStatusButtons({ group }: { group: DeadLetterGroup }) {
  const patch = usePatchDeadLetterGroup();
  const change = (to: GroupStatus, before: GroupStatus | null) =>
    patch.mutate(
      { fingerprint: group.fingerprint, patch: { status: to } },
      {
        onSuccess: () =>
          toast.done(`${group.errorClass} is ${to}`, {
            detail: DETAIL[to],
            ...(before === null ? {} : { undo: () => change(before, null) }),
          }),
        onError: (error) => toast.failed('The status could not be changed', error),
      },
    );
  return (
    <span className="flex flex-wrap gap-1.5" role="group" aria-label="Status of the group">
      {CHANGES[group.status].map((one) => (
        <Button
          key={one.to}
          onClick={() => change(one.to, group.status)}
          busy={patch.isPending && patch.variables.patch.status === one.to}
          reason={one.to === 'resolved' ? whyNotResolved(group) : null}
        >
          {one.icon}
          {one.label}
        </Button>
      ))}
    </span>
  );
}

const DETAIL: Readonly<Record<GroupStatus, string>> = {
  open: 'Its letters wait for a decision.',
  acknowledged: 'Somebody is on it; new letters do not open it again.',
  ignored: 'Its letters are left out of group redrives and of the count.',
  resolved: 'A new letter opens it again.',
};

// A letter is resolved by its handler alone; closing the group over waiting letters would hide that nobody handled them.
function whyNotResolved(group: DeadLetterGroup): string | null {
  const waiting = group.open + group.retrying;
  if (waiting === 0) return null;
  return `${formatPlural(waiting, 'letter')} not handled yet: retry or discard first`;
}
