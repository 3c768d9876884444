'use client';
import { Monitor, Moon, Sun } from 'lucide-react';
import { useTheme } from 'next-themes';
import { DropdownMenu, MenuChoice, MenuLabel } from '#components/ui/dropdown-menu.tsx';
import { IconButton } from '#components/ui/icon-button.tsx';

export const THEMES = [
  { value: 'system', label: 'As the system', icon: Monitor },
  { value: 'light', label: 'Light', icon: Sun },
  { value: 'dark', label: 'Dark', icon: Moon },
] as const;

/** Light, dark or as the system. */
export function ThemeToggle() {
  const { theme = 'system', setTheme } = useTheme();
  return (
    <DropdownMenu
      align="end"
      trigger={
        <IconButton label="Theme">
          {/* Both are there; the theme decides which is seen, so that the first paint is right. */}
          <Sun className="hidden [[data-theme=light]_&]:block" />
          <Moon className="[[data-theme=light]_&]:hidden" />
        </IconButton>
      }
    >
      <MenuLabel>Theme</MenuLabel>
      <MenuChoice value={theme} options={THEMES} onChange={setTheme} />
    </DropdownMenu>
  );
}
