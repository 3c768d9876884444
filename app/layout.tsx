import './globals.css';
import { type Metadata, type Viewport } from 'next';
import { type ReactNode } from 'react';
import { Providers } from './providers.tsx';

export const metadata: Metadata = {
  title: { default: 'Weir', template: '%s · Weir' },
  description: 'See, measure and steer the flow of events.',
};

export const viewport: Viewport = { width: 'device-width', initialScale: 1 };

/** The theme is put on <html> before the first paint, so the server cannot know it. */
export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" suppressHydrationWarning>
      <body>
        <Providers>{children}</Providers>
      </body>
    </html>
  );
}
