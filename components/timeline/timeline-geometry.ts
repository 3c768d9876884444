import { type TimeRange, xOf } from './time-range.ts';

export const AXIS_HEIGHT = 36;
export const LANE_HEIGHT_MIN = 40;
export const LANE_HEIGHT_MAX = 128;
const BAR_HEIGHT_MAX = 60;

/** Where things stand on the canvas: lanes from top to bottom, time from left to right. */
export type Geometry = {
  readonly width: number;
  readonly height: number;
  readonly laneHeight: number;
  readonly range: TimeRange;
  readonly lanes: readonly string[];
  readonly laneIndex: ReadonlyMap<string, number>;
};

/** Lanes share the height there is, within limits; beyond it the lanes scroll. */
export const laneHeightFor = (availablePx: number, lanes: number): number =>
  Math.round(
    Math.min(LANE_HEIGHT_MAX, Math.max(LANE_HEIGHT_MIN, availablePx / Math.max(1, lanes))),
  );

/** The lane's own line: events stand on it, bars rise from it. */
export const laneLine = (geometry: Geometry, index: number): number =>
  (index + 0.66) * geometry.laneHeight;

export const laneAt = (geometry: Geometry, y: number): string | null =>
  geometry.lanes[Math.floor(y / geometry.laneHeight)] ?? null;

export const timeX = (geometry: Geometry, time: number): number =>
  xOf(geometry.range, time, geometry.width);

/** Tallest bar of a lane. */
export const barHeightMax = (geometry: Geometry): number =>
  Math.min(BAR_HEIGHT_MAX, geometry.laneHeight * 0.52);

/** Square root, so that a lane with ten events is seen beside one with ten thousand; the legend says so. */
export const barHeight = (count: number, maxCount: number, heightMax: number): number =>
  count <= 0 || maxCount <= 0 ? 0 : Math.max(2, Math.sqrt(count / maxCount) * heightMax);
