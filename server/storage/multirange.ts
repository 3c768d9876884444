/** Offsets from `from` on, without `to`. */
export type OffsetRange = { readonly from: number; readonly to: number };

/** As Postgres writes a multirange of int8: `{[1,3),[5,7)}`. */
export const multirangeText = (ranges: readonly OffsetRange[]): string =>
  `{${ranges.map(({ from, to }) => `[${from},${to})`).join(',')}}`;

export const parseMultirange = (text: string): OffsetRange[] =>
  [...text.matchAll(/\[(\d+),(\d+)\)/g)].map(([, from, to]) => ({
    from: Number(from),
    to: Number(to),
  }));
