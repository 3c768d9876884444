'use client';
import { QueryClientProvider } from '@tanstack/react-query';
import { ThemeProvider, useTheme } from 'next-themes';
import { NuqsAdapter } from 'nuqs/adapters/next/app';
import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { TimeFormatProvider } from '#components/ui/time.tsx';
import { Toaster } from '#components/ui/toast.tsx';
import { TooltipProvider } from '#components/ui/tooltip.tsx';
import { formatTime } from '#lib/format/time.ts';
import { createQueryClient } from '#lib/queries/query-client.ts';
import { useViewStore } from '#lib/state/view-store.ts';

/** What every page stands in: URL state, server state, theme, tooltips, the reader's time format. */
export function Providers({ children }: { children: ReactNode }) {
  const [queryClient] = useState(createQueryClient);
  return (
    <NuqsAdapter>
      <QueryClientProvider client={queryClient}>
        <ThemeProvider
          attribute="data-theme"
          defaultTheme="system"
          enableColorScheme={false}
          disableTransitionOnChange
        >
          <TooltipProvider>
            <ReadersTime>{children}</ReadersTime>
          </TooltipProvider>
          <ThemedToaster />
        </ThemeProvider>
      </QueryClientProvider>
    </NuqsAdapter>
  );
}

function ReadersTime({ children }: { children: ReactNode }) {
  const display = useViewStore((view) => view.timeDisplay);
  useEffect(() => {
    void useViewStore.persist.rehydrate();
  }, []);
  const value = useMemo(
    () => ({
      format: (instant: Date, now: Date) => formatTime(instant, display, now),
      isRelative: display === 'relative',
    }),
    [display],
  );
  return <TimeFormatProvider value={value}>{children}</TimeFormatProvider>;
}

function ThemedToaster() {
  const { resolvedTheme } = useTheme();
  return <Toaster theme={resolvedTheme === 'light' ? 'light' : 'dark'} />;
}
