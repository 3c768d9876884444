import { describe, expect, it } from 'vitest';
import { type StoredEvent } from '#contracts/event.ts';
import { type EventsFrame } from '#contracts/live-feed.ts';
import { applyLiveFrame, type LiveRows, NO_ROWS } from './apply-live-frame.ts';

describe('merging a live frame', () => {
  it('puts the newest first', () => {
    const state = feed([frameOf([1, 2]), frameOf([3])]);

    expect(positionsOf(state)).toEqual([3, 2, 1]);
    expect(state.position).toBe(3);
    expect(state.received).toBe(3);
  });

  it('shows nothing twice when a reconnect repeats events', () => {
    const state = feed([frameOf([1, 2, 3]), frameOf([2, 3, 4])]);

    expect(positionsOf(state)).toEqual([4, 3, 2, 1]);
    expect(state.received).toBe(4);
  });

  it('moves on over positions that did not match', () => {
    const state = feed([frameOf([1]), { id: 'a', items: [], position: 90 }]);

    expect(state.position).toBe(90);
    expect(positionsOf(state)).toEqual([1]);
  });

  it('keeps a bounded number of rows and counts what it let go', () => {
    const state = applyLiveFrame(feed([frameOf([1, 2, 3])]), frameOf([4, 5]), 3);

    expect(positionsOf(state)).toEqual([5, 4, 3]);
    expect(state.trimmed).toBe(2);
  });

  it('says how much the server left out', () => {
    const state = feed([{ ...frameOf([10, 20]), sampled: true, dropped: 38 }]);

    expect(state.sampledOut).toBe(38);
    expect(state.sampling).toBe(20);
    expect(state.received).toBe(40);
  });
});

function feed(frames: readonly EventsFrame[]): LiveRows {
  return frames.reduce((state, frame) => applyLiveFrame(state, frame), NO_ROWS);
}

function frameOf(positions: readonly number[]): EventsFrame {
  return { id: 'a', items: positions.map(eventAt), position: positions.at(-1) ?? 0 };
}

function eventAt(position: number): StoredEvent {
  return {
    specversion: '1.0',
    id: `e${position}`,
    source: '/test',
    type: 'test.happened',
    time: '2026-01-01T00:00:00.000Z',
    topic: 'test',
    partition: 0,
    offset: position,
    position,
    recordedAt: '2026-01-01T00:00:00.000Z',
  };
}

function positionsOf(state: LiveRows): number[] {
  return state.rows.map((event) => event.position);
}
