'use client';
import { type ColumnSort, useTable } from '@tanstack/react-table';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { cn } from '#components/ui/cn.ts';
import {
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
} from '#components/ui/table.tsx';
import { type Subscription } from '#contracts/subscription.ts';
import { consumerColumns, TEXT_COLUMNS, tableParts } from './consumer-columns.tsx';
import { PauseButton } from './pause-button.tsx';
import { type ConsumerActions } from './use-consumer-actions.ts';

export type ConsumersTableProps = {
  readonly rows: readonly Subscription[];
  readonly sort: ColumnSort;
  readonly onSort: (sort: ColumnSort) => void;
  readonly selectedName: string | null;
  readonly actions: ConsumerActions;
};

const headClass = (id: string) => (TEXT_COLUMNS.has(id) ? undefined : 'text-right');

/** One row per consumer; a header sorts by its column. */
export function ConsumersTable(props: ConsumersTableProps) {
  const { sort } = props;
  const table = useTable({
    features: tableParts,
    columns: consumerColumns,
    data: props.rows,
    getRowId: (row) => row.name,
    enableSortingRemoval: false,
    enableMultiSort: false,
    state: { sorting: [sort] },
    onSortingChange: (change) => {
      const [next] = typeof change === 'function' ? change([sort]) : change;
      if (next) props.onSort(next);
    },
  });
  return (
    <Table label="Consumers" className="min-w-max">
      <TableHead>
        {table.getHeaderGroups().map((group) => (
          <TableRow key={group.id} className="sticky top-0 z-[2] bg-bg">
            {group.headers.map((header) => (
              <TableHeader
                key={header.id}
                aria-sort={ariaSort(sort, header.column)}
                className={cn(headClass(header.column.id), 'first:pl-4')}
              >
                <HeadButton
                  id={header.column.id}
                  sort={sort}
                  onClick={
                    header.column.getCanSort() ? () => header.column.toggleSorting() : undefined
                  }
                >
                  <table.FlexRender header={header} />
                </HeadButton>
              </TableHeader>
            ))}
            <TableHeader className="last:pr-4">
              <span className="sr-only">Actions</span>
            </TableHeader>
          </TableRow>
        ))}
      </TableHead>
      <TableBody>
        {table.getRowModel().rows.map((row) => (
          <TableRow
            key={row.id}
            data-consumer={row.id}
            aria-selected={row.id === props.selectedName}
            className="relative hover:bg-raised"
          >
            {row.getAllCells().map((cell) => (
              <TableCell
                key={cell.id}
                numeric={!TEXT_COLUMNS.has(cell.column.id)}
                className="h-9 first:pl-4"
              >
                <table.FlexRender cell={cell} />
              </TableCell>
            ))}
            <TableCell className="w-9 last:pr-4">
              <PauseButton subscription={row.original} actions={props.actions} />
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}

type SortableColumn = { readonly id: string; getCanSort(): boolean };

function ariaSort(sort: ColumnSort, column: SortableColumn) {
  if (!column.getCanSort() || column.id !== sort.id) return undefined;
  return sort.desc ? 'descending' : 'ascending';
}

function HeadButton(props: {
  id: string;
  sort: ColumnSort;
  onClick: (() => void) | undefined;
  children: React.ReactNode;
}) {
  if (!props.onClick) return props.children;
  const isSorted = props.id === props.sort.id;
  const Arrow = props.sort.desc ? ArrowDown : ArrowUp;
  return (
    <button
      type="button"
      onClick={props.onClick}
      className={cn(
        'inline-flex items-center gap-1 rounded-s hover:text-text',
        isSorted && 'text-text',
        !TEXT_COLUMNS.has(props.id) && 'flex-row-reverse',
      )}
    >
      {props.children}
      {isSorted ? <Arrow aria-hidden className="size-3" /> : null}
    </button>
  );
}
