import { useTheme } from 'next-themes';
import { toast } from '#components/ui/toast.tsx';
import { type Subscription } from '#contracts/subscription.ts';
import { usePauseSubscription, useResumeSubscription } from '#lib/queries/subscriptions.ts';
import { useViewStore } from '#lib/state/view-store.ts';
import { THEMES } from './theme-toggle.tsx';

export type PaletteAction = { readonly label: string; readonly run: () => void };

/** What the palette can do besides going somewhere. */
export function usePaletteActions(
  subscriptions: readonly Subscription[],
  onShortcuts: () => void,
): readonly PaletteAction[] {
  const { setTheme } = useTheme();
  const setTimeDisplay = useViewStore((view) => view.setTimeDisplay);
  const restartTour = useViewStore((view) => view.restartTour);
  const { pause, resume } = useConsumerSwitch();
  return [
    ...subscriptions
      .filter((subscription) => subscription.state !== 'disabled')
      .map(({ name, state }) =>
        state === 'paused'
          ? { label: `Resume ${name}`, run: () => resume(name) }
          : { label: `Pause ${name}`, run: () => pause(name) },
      ),
    ...THEMES.map(({ value, label }) => ({
      label: `Theme: ${label}`,
      run: () => setTheme(value),
    })),
    { label: 'Times: local', run: () => setTimeDisplay('local') },
    { label: 'Times: UTC', run: () => setTimeDisplay('utc') },
    { label: 'Times: ages', run: () => setTimeDisplay('relative') },
    { label: 'Keyboard shortcuts', run: onShortcuts },
    { label: 'Start the tour', run: restartTour },
  ];
}

function useConsumerSwitch() {
  const pausing = usePauseSubscription();
  const resuming = useResumeSubscription();
  const resume = (name: string) =>
    resuming.mutate(name, {
      onSuccess: () => toast.done(`${name} is running`),
      onError: (error) => toast.failed(`${name} was not resumed`, error),
    });
  const pause = (name: string) =>
    pausing.mutate(name, {
      onSuccess: () => toast.done(`${name} is paused`, { undo: () => resume(name) }),
      onError: (error) => toast.failed(`${name} was not paused`, error),
    });
  return { pause, resume };
}
