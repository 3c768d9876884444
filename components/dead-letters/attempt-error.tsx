import Link from 'next/link';
import { CodeBlock } from '#components/ui/code-block.tsx';
import { Time } from '#components/ui/time.tsx';
import { formatDuration } from '#lib/format/duration.ts';
import { type AttemptStep } from './attempt-rounds.ts';

/** The error of one attempt with its stack, and how the attempt went. */
export function AttemptError({ step }: { step: AttemptStep }) {
  const { error, ...attempt } = step.attempt;
  const frames = framesOf(error.stack);
  return (
    <div>
      <p className="mb-1 flex flex-wrap gap-x-3 text-xs text-text-3">
        <span className="text-s font-medium text-text-2">Error of {step.label.toLowerCase()}</span>
        <span className="self-end">
          <Time at={attempt.at} /> · took{' '}
          <span className="num">{formatDuration(attempt.durationMs)}</span>
          {attempt.handlerVersion ? ` · handler ${attempt.handlerVersion}` : ''}
        </span>
        {attempt.operationId ? (
          <Link
            className="self-end text-accent hover:underline"
            href={`/operations?id=${encodeURIComponent(attempt.operationId)}`}
          >
            its redrive
          </Link>
        ) : null}
      </p>
      <CodeBlock
        label={`Error of ${step.label}`}
        copy={error.stack ?? `${error.class}: ${error.message}`}
        className="[&_pre]:whitespace-pre-wrap [&_pre]:[overflow-wrap:anywhere]"
      >
        <span className="font-semibold text-fail">{error.class}</span>: {error.message}
        {frames ? `\n${frames}` : <span className="text-text-3">{'\n'}No stack was recorded.</span>}
      </CodeBlock>
    </div>
  );
}

/** The stack without the message it begins with, which stands above it already. */
function framesOf(stack: string | null): string {
  if (stack === null) return '';
  const lines = stack.split('\n');
  const first = lines.findIndex((line) => /^\s*at\s/.test(line));
  return first === -1 ? stack : lines.slice(first).join('\n');
}
