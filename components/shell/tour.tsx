'use client';
import { X } from 'lucide-react';
import { usePathname } from 'next/navigation';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { Button } from '#components/ui/button.tsx';
import { IconButton } from '#components/ui/icon-button.tsx';
import { useViewStore } from '#lib/state/view-store.ts';

type Step = { readonly title: string; readonly text: string; readonly target: string | null };

const STEPS: readonly [Step, ...Step[]] = [
  {
    title: 'This is real traffic',
    text: 'The sample shop publishes events and its services consume them. Every number on the graph is measured; the dots run as fast as the events do.',
    target: null,
  },
  {
    title: 'Red leads to the cause',
    text: 'One consumer fails on purpose. Its events were retried, then became dead letters. Open them to see payload and error, and retry.',
    target: '[href="/dead-letters"]',
  },
  {
    title: 'Every moment is kept',
    text: 'This is the last hour. Click a moment to see it on the timeline; drag there to choose a range and replay it to a consumer.',
    target: '[data-tour="activity"]',
  },
  {
    title: 'Everything by keyboard',
    text: 'Ctrl/⌘ K finds places, topics, consumers and events. Press ? for all shortcuts.',
    target: '[data-tour="search"]',
  },
  {
    title: 'Break it, repair it',
    text: 'Scenarios sets how fast the shop runs and which consumer fails. Repair the faulty one and retry its letters: they succeed.',
    target: '[href="/scenarios"]',
  },
];

/** Five steps for whoever opens Weir for the first time; never comes back once dismissed. Only beside the graph it tells of. */
export function Tour() {
  const isDone = useViewStore((view) => view.tourDone);
  const finish = useViewStore((view) => view.finishTour);
  const isKnown = useStoreRead();
  const isShown = usePathname() === '/' && isKnown && !isDone;
  const [index, setIndex] = useState(0);
  const step = STEPS[index] ?? STEPS[0];
  useHighlight(isShown ? step.target : null);
  if (!isShown) return null;
  const isLast = index === STEPS.length - 1;
  const end = () => {
    setIndex(0);
    finish();
  };
  return (
    <section
      aria-label="Tour"
      className="fixed right-4 bottom-10 z-20 w-[min(340px,calc(100vw-32px))] animate-appear rounded-l border border-line-strong bg-raised p-4 shadow-raised max-[900px]:bottom-16"
    >
      <div className="flex items-start gap-2">
        <h2 className="flex-1 text-m font-semibold">{step.title}</h2>
        <IconButton label="Dismiss the tour" onClick={end} className="-mt-1.5 -mr-1.5">
          <X />
        </IconButton>
      </div>
      <p className="mt-1 text-s text-text-2">{step.text}</p>
      <div className="mt-3 flex items-center gap-2">
        <span className="num mr-auto text-xs text-text-3">
          {index + 1} of {STEPS.length}
        </span>
        {index > 0 ? (
          <Button variant="ghost" onClick={() => setIndex(index - 1)}>
            Back
          </Button>
        ) : null}
        <Button variant="primary" onClick={isLast ? end : () => setIndex(index + 1)}>
          {isLast ? 'Done' : 'Next'}
        </Button>
      </div>
    </section>
  );
}

/** What the browser remembered is read after the first render; until then the tour stays away. */
function useStoreRead(): boolean {
  return useSyncExternalStore(
    (wake) => useViewStore.persist.onFinishHydration(wake),
    () => useViewStore.persist.hasHydrated(),
    () => false,
  );
}

function useHighlight(selector: string | null): void {
  useEffect(() => {
    if (!selector) return undefined;
    const element = document.querySelector(selector);
    element?.setAttribute('data-highlighted-by-tour', '');
    return () => element?.removeAttribute('data-highlighted-by-tour');
  }, [selector]);
}
