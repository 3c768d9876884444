import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { spanOf } from './time-range.ts';
import { TimelineController } from './timeline-controller.ts';

const start = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ now: start });
});
afterEach(() => {
  vi.useRealTimers();
});

const still = () =>
  new TimelineController({
    range: { from: start - 10 * MINUTE, to: start - 5 * MINUTE },
    isFollowing: false,
  });

test('a gesture settles once, when it is over', () => {
  const controller = still();
  const settled = vi.fn();
  controller.onSettle(settled);

  for (let i = 0; i < 5; i += 1) {
    controller.zoom(0.9, start - 7 * MINUTE);
    vi.advanceTimersByTime(50);
  }
  expect(settled).not.toHaveBeenCalled();
  vi.advanceTimersByTime(500);

  expect(settled).toHaveBeenCalledOnce();
  expect(controller.settled().range).toEqual(controller.range);
});

test('a view that never stands still is settled now and then all the same', () => {
  const controller = new TimelineController({
    range: { from: start - MINUTE, to: start },
    isFollowing: true,
  });
  const settled = vi.fn();
  controller.onSettle(settled);

  for (let i = 0; i < 60; i += 1) {
    vi.advanceTimersByTime(50);
    controller.tick();
  }

  expect(settled.mock.calls.length).toBeGreaterThanOrEqual(3);
  expect(settled.mock.calls.length).toBeLessThanOrEqual(6);
});

test('zooming while following keeps following', () => {
  const controller = new TimelineController({
    range: { from: start - MINUTE, to: start },
    isFollowing: true,
  });

  controller.zoom(0.5, start - MINUTE);

  expect(controller.isFollowing).toBe(true);
  expect(spanOf(controller.range)).toBeCloseTo(MINUTE / 2, 3);
  expect(controller.range.to).toBeGreaterThan(start);
});

test('panning back stops following, panning on to now starts it again', () => {
  const controller = new TimelineController({
    range: { from: start - MINUTE, to: start },
    isFollowing: true,
  });

  controller.pan(-0.5);
  expect(controller.isFollowing).toBe(false);
  controller.pan(0.6);

  expect(controller.isFollowing).toBe(true);
});
