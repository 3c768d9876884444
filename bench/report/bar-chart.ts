import { formatNumber } from './format-number.ts';

export type Bar = {
  readonly label: string;
  readonly value: number;
  readonly note: string;
  readonly kind: 'ours' | 'peer' | 'bound';
};
export type Panel = { readonly title: string; readonly bars: readonly Bar[] };

const WIDTH = 860;
const COLUMNS = 2;
const GAP = 40;
const MARGIN = 16;
const LABEL = 150;
const BAR = 16;
const STEP = 24;
const TITLE = 34;
const PANEL = (WIDTH - MARGIN * 2 - GAP * (COLUMNS - 1)) / COLUMNS;
const BAR_ROOM = PANEL - LABEL - 120;

// Read on white and on black alike; the page's own scheme chooses the ink.
const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; font-size: 13px; }
  .note { fill: #57606a; }
  .ours { fill: #0e8a9c; }
  .peer { fill: #98a2ad; }
  .bound { fill: none; stroke: #98a2ad; stroke-dasharray: 3 2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .note { fill: #9aa6b2; }
    .ours { fill: #2bb3c6; }
    .peer { fill: #66717d; }
    .bound { stroke: #66717d; }
  }`;

/** Horizontal bars in small panels, each with a scale of its own that begins at 0, as an SVG document. */
export function barChart(title: string, panels: readonly Panel[]): string {
  const heights: number[] = Array.from({ length: COLUMNS }, () => MARGIN);
  const drawn = panels.map((panel) => {
    const column = heights.indexOf(Math.min(...heights));
    const y = heights[column] ?? 0;
    heights[column] = y + TITLE + panel.bars.length * STEP + MARGIN;
    return drawPanel(panel, MARGIN + column * (PANEL + GAP), y);
  });
  const height = Math.max(...heights);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(title)}">`,
    `<title>${escape(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

function drawPanel({ title, bars }: Panel, x: number, y: number): string {
  const longest = Math.max(...bars.map((bar) => bar.value));
  const lines = bars.map((bar, index) => {
    const top = y + TITLE + index * STEP;
    const width = Math.max(1, (bar.value / longest) * BAR_ROOM);
    const note = bar.note === '' ? '' : ` <tspan class="note">${escape(bar.note)}</tspan>`;
    return [
      `<text x="${x + LABEL - 8}" y="${top + BAR - 4}" text-anchor="end">${escape(bar.label)}</text>`,
      `<rect class="${bar.kind}" x="${x + LABEL}" y="${top}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>`,
      `<text x="${(x + LABEL + width + 6).toFixed(1)}" y="${top + BAR - 4}">${formatNumber(bar.value)}${note}</text>`,
    ].join('\n');
  });
  return [`<text class="title" x="${x}" y="${y + 16}">${escape(title)}</text>`, ...lines].join(
    '\n',
  );
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
