import { afterEach, beforeEach, expect, type MockInstance, vi } from 'vitest';

// What complains on the console during a test complains about a bug, or belongs to the logger.
let complaints: MockInstance;
beforeEach(() => {
  complaints = vi.spyOn(console, 'error');
});
afterEach(() => {
  const calls = [...complaints.mock.calls];
  complaints.mockRestore();
  expect(calls, 'console.error was called').toEqual([]);
});
