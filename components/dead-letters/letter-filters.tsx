'use client';
import { FilterX } from 'lucide-react';
import { IconButton } from '#components/ui/icon-button.tsx';
import { Select } from '#components/ui/select.tsx';
import { type DeadLetterGroup, letterStatusSchema } from '#contracts/dead-letter.ts';
import { isFiltered, type LettersFilter } from './group-order.ts';

const ANY = '*';

/** Consumer, status and type; all in the address. */
export function LetterFilters(props: {
  groups: readonly DeadLetterGroup[];
  filter: LettersFilter;
  onChange: (change: Partial<LettersFilter>) => void;
}) {
  const { filter, groups, onChange } = props;
  const consumers = known(
    groups.map((group) => group.subscription),
    filter.subscription,
  );
  const types = known(
    groups.flatMap((group) => group.types),
    filter.type,
  );
  return (
    <div className="border-b border-line px-3 py-2">
      <div className="grid max-w-md grid-cols-[1.25fr_1fr_1fr_auto] items-center gap-1.5">
        <Choice
          any="Consumer"
          value={filter.subscription}
          choices={consumers}
          onChange={(subscription) => onChange({ subscription })}
        />
        <Choice
          any="Status"
          value={filter.status}
          choices={letterStatusSchema.options}
          onChange={(status) => onChange({ status: letterStatusSchema.nullable().parse(status) })}
        />
        <Choice
          any="Type"
          value={filter.type}
          choices={types}
          onChange={(type) => onChange({ type })}
        />
        {isFiltered(filter) ? (
          <IconButton
            label="Clear the filters"
            onClick={() => onChange({ subscription: null, status: null, type: null })}
          >
            <FilterX />
          </IconButton>
        ) : null}
      </div>
    </div>
  );
}

function Choice(props: {
  /** What it is about; stands there while nothing is chosen. */
  any: string;
  value: string | null;
  choices: readonly string[];
  onChange: (value: string | null) => void;
}) {
  const options = [ANY, ...props.choices].map((value) => ({
    value,
    label: value === ANY ? props.any : value,
  }));
  return (
    <Select
      label={`${props.any}: ${props.value ?? 'any'}`}
      value={props.value ?? ANY}
      onChange={(value) => props.onChange(value === ANY ? null : value)}
      options={options}
      className="h-7 min-w-0 overflow-hidden px-2 [&>span:first-child]:truncate"
    />
  );
}

// What the address asks for stays choosable even when no group has it.
function known(values: readonly string[], asked: string | null): readonly string[] {
  return [...new Set(asked === null ? values : [...values, asked])].toSorted();
}
