'use client';
import { Download } from 'lucide-react';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { DropdownMenu, MenuItem, MenuLabel } from '#components/ui/dropdown-menu.tsx';
import { toast } from '#components/ui/toast.tsx';
import { type EventSearch, exportEvents } from '#lib/api/events.ts';
import { formatBytes } from '#lib/format/bytes.ts';

/** All matches as a file, oldest first. */
export function ExportMenu({ search }: { search: EventSearch }) {
  const [isBusy, setBusy] = useState(false);
  const save = async (format: 'ndjson' | 'csv') => {
    setBusy(true);
    try {
      const blob = await exportEvents(search, format);
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = `events.${format}`;
      link.click();
      URL.revokeObjectURL(link.href);
      toast.done(`Exported ${formatBytes(blob.size)}`);
    } catch (error) {
      toast.failed('The export failed', error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <DropdownMenu
      align="end"
      trigger={
        <Button busy={isBusy}>
          <Download aria-hidden />
          Export
        </Button>
      }
    >
      <MenuLabel>All events that match</MenuLabel>
      <MenuItem onSelect={() => void save('ndjson')}>NDJSON</MenuItem>
      <MenuItem onSelect={() => void save('csv')}>CSV</MenuItem>
    </DropdownMenu>
  );
}
