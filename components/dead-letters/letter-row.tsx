'use client';
import { Checkbox } from '#components/ui/checkbox.tsx';
import { StateDot } from '#components/ui/state-dot.tsx';
import { Time } from '#components/ui/time.tsx';
import { type DeadLetter } from '#contracts/dead-letter.ts';
import { formatPlural } from '#lib/format/number.ts';
import { isWaiting, nameOf, STATUS_TONE } from './letter-words.ts';

export const LETTER_ROW_HEIGHT = 52;

/** One letter on two lines, with its tick. */
export function LetterRow(props: { letter: DeadLetter; isChosen: boolean; onToggle: () => void }) {
  const { letter } = props;
  const name = nameOf(letter);
  return (
    <div className="flex h-full cursor-pointer items-center">
      {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions -- the tick is not the row: what happens on it stays there */}
      <span
        className="grid h-full w-10 shrink-0 cursor-default place-items-center"
        onClick={(event) => event.stopPropagation()}
      >
        <Checkbox
          label={`Select ${name}`}
          hideLabel
          checked={props.isChosen}
          onChange={props.onToggle}
          disabled={!isWaiting(letter)}
        />
      </span>
      <div className="min-w-0 flex-1 pr-3">
        <div className="flex items-center gap-2">
          <span className="num min-w-0 flex-1 truncate text-s font-medium text-text">{name}</span>
          <Time at={letter.deadAt} className="text-xs text-text-3" />
        </div>
        <div className="flex items-center gap-2 text-xs text-text-3">
          <StateDot tone={STATUS_TONE[letter.status]} label={letter.status} />
          <span className="min-w-0 flex-1 truncate">{letter.event.type}</span>
          <span className="whitespace-nowrap">{formatPlural(letter.attemptCount, 'attempt')}</span>
        </div>
      </div>
    </div>
  );
}
