import { curvePath, type EdgeEnds, pointOnCurve } from './edge-curve.ts';
import {
  type GraphEdgeSpec,
  type GraphNodeSpec,
  type Point,
  type Positions,
} from './graph-model.ts';

/** What a card says in the picture: three lines at most, and the tokens its mark and line are drawn in. */
export type ImageCard = {
  readonly title: string;
  readonly numbers: string;
  readonly note: string;
  readonly tone: string;
  readonly sparkTone: string;
  readonly isRound: boolean;
  readonly spark: readonly number[];
};

export type GraphPicture = {
  readonly title: string;
  readonly nodes: readonly GraphNodeSpec[];
  readonly edges: readonly GraphEdgeSpec[];
  readonly positions: Positions;
  readonly cardOf: (nodeId: string) => ImageCard | null;
  readonly widthOf: (edgeId: string) => number;
  /** Resolves a CSS token ("--text") to its value in the present theme. */
  readonly token: (name: string) => string;
};

const PADDING = 40;
const PNG_SCALE = 2;
/** Browsers refuse larger canvases. */
const PNG_SIDE_MAX = 8_192;

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

const sparkPath = (values: readonly number[], width: number, height: number): string => {
  const max = Math.max(...values, Number.EPSILON);
  const step = width / Math.max(1, values.length - 1);
  return values
    .map(
      (value, i) =>
        `${i ? 'L' : 'M'}${(i * step).toFixed(1)},${((1 - value / max) * height).toFixed(1)}`,
    )
    .join('');
};

const cardSvg = (picture: GraphPicture, node: GraphNodeSpec): string => {
  const at = picture.positions.get(node.id);
  const card = picture.cardOf(node.id);
  if (!at || !card) return '';
  const { token } = picture;
  const font = `font-family="Inter, system-ui, sans-serif"`;
  const spark =
    card.spark.length > 1 && node.height > 70
      ? `<path transform="translate(12 ${node.height - 28})" d="${sparkPath(card.spark, node.width - 24, 18)}" fill="none" stroke="${token(card.sparkTone)}" stroke-width="1.4"/>`
      : '';
  return `<g transform="translate(${at.x} ${at.y})">
<rect width="${node.width}" height="${node.height}" rx="${card.isRound ? 22 : 10}" fill="${token('--raised')}" stroke="${token('--line')}"/>
<circle cx="16" cy="19" r="4" fill="${token(card.tone)}"/>
<text x="27" y="23" ${font} font-size="13" font-weight="560" fill="${token('--text')}">${escapeText(card.title)}</text>
<text x="12" y="43" font-family="monospace" font-size="11" fill="${token('--text-2')}">${escapeText(card.numbers)}</text>
<text x="${node.width - 12}" y="43" text-anchor="end" ${font} font-size="11" fill="${token('--text-3')}">${escapeText(card.note)}</text>
${spark}</g>`;
};

type Sizes = ReadonlyMap<string, GraphNodeSpec>;

const endsOf = (picture: GraphPicture, edge: GraphEdgeSpec, sizes: Sizes): EdgeEnds | null => {
  const a = picture.positions.get(edge.source);
  const b = picture.positions.get(edge.target);
  const source = sizes.get(edge.source);
  const target = sizes.get(edge.target);
  if (!a || !b || !source || !target) return null;
  return {
    from: { x: a.x + source.width, y: a.y + source.height / 2 },
    to: { x: b.x, y: b.y + target.height / 2 },
  };
};

const edgeSvg = (picture: GraphPicture, edge: GraphEdgeSpec, sizes: Sizes): string => {
  const ends = endsOf(picture, edge, sizes);
  if (ends === null) return '';
  return `<path d="${curvePath(ends)}" fill="none" stroke="${picture.token('--line-strong')}" stroke-width="${picture.widthOf(edge.id).toFixed(2)}"/>`;
};

/** Cards and the middle of every edge: those that run backwards hang below the cards. */
const extentOf = (picture: GraphPicture, sizes: Sizes): readonly Point[] => [
  ...picture.nodes.flatMap((node) => {
    const at = picture.positions.get(node.id);
    return at ? [at, { x: at.x + node.width, y: at.y + node.height }] : [];
  }),
  ...picture.edges.flatMap((edge) => {
    const ends = endsOf(picture, edge, sizes);
    return ends ? [pointOnCurve(ends, 0.5)] : [];
  }),
];

/** The whole graph as a stand-alone SVG in the present theme, whatever part of it is in view. */
export const graphSvg = (
  picture: GraphPicture,
): { readonly svg: string; readonly width: number; readonly height: number } => {
  const sizes = new Map(picture.nodes.map((node) => [node.id, node]));
  const corners = extentOf(picture, sizes);
  const xs = corners.map((corner) => corner.x);
  const ys = corners.map((corner) => corner.y);
  const left = Math.min(...xs, 0) - PADDING;
  const top = Math.min(...ys, 0) - PADDING;
  const width = Math.max(...xs, 0) + PADDING - left;
  const height = Math.max(...ys, 0) + PADDING - top;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${left} ${top} ${width} ${height}" width="${width}" height="${height}">
<title>${escapeText(picture.title)}</title>
<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="${picture.token('--bg')}"/>
${picture.edges.map((edge) => edgeSvg(picture, edge, sizes)).join('\n')}
${picture.nodes.map((node) => cardSvg(picture, node)).join('\n')}
</svg>`;
  return { svg, width, height };
};

const toPng = async (svg: string, width: number, height: number): Promise<Blob> => {
  const scale = Math.min(PNG_SCALE, PNG_SIDE_MAX / Math.max(width, height));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error('The picture is too large to save.'))),
      'image/png',
    );
  });
};

/** Hands the picture to the person as a file. */
export const saveGraphImage = async (
  picture: GraphPicture,
  format: 'png' | 'svg',
  fileName: string,
): Promise<void> => {
  const { svg, width, height } = graphSvg(picture);
  const blob =
    format === 'svg' ? new Blob([svg], { type: 'image/svg+xml' }) : await toPng(svg, width, height);
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = `${fileName}.${format}`;
  link.click();
  URL.revokeObjectURL(url);
};
