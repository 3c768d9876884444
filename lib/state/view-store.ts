import { create } from 'zustand';
import { persist } from 'zustand/middleware';
import { type TimeDisplay } from '#lib/format/time.ts';

/** What distant components share and neither the server nor the URL should keep. Remembered per browser. */
export type ViewState = {
  readonly timeDisplay: TimeDisplay;
  readonly railCollapsed: boolean;
  readonly tourDone: boolean;
  readonly setTimeDisplay: (display: TimeDisplay) => void;
  readonly toggleRail: () => void;
  readonly finishTour: () => void;
  readonly restartTour: () => void;
};

export const useViewStore = create<ViewState>()(
  persist(
    (set) => ({
      timeDisplay: 'local',
      railCollapsed: false,
      tourDone: false,
      setTimeDisplay: (timeDisplay) => set({ timeDisplay }),
      toggleRail: () => set((state) => ({ railCollapsed: !state.railCollapsed })),
      finishTour: () => set({ tourDone: true }),
      restartTour: () => set({ tourDone: false }),
    }),
    {
      name: 'weir-view',
      version: 1,
      partialize: ({ timeDisplay, railCollapsed, tourDone }) => ({
        timeDisplay,
        railCollapsed,
        tourDone,
      }),
      /** Read after the first render, so that server and browser agree on it. */
      skipHydration: true,
    },
  ),
);
