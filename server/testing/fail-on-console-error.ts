import { afterEach, beforeEach, expect, vi } from 'vitest';

// What complains on the console during a test complains about a bug, or belongs to the logger.
beforeEach(() => {
  vi.spyOn(console, 'error');
});
afterEach(() => {
  const complaints = vi.mocked(console.error).mock.calls;
  vi.mocked(console.error).mockRestore();
  expect(complaints, 'console.error was called').toEqual([]);
});
