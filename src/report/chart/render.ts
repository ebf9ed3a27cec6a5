/**
 * Draws a chart without a browser: Vega-Lite to SVG, and SVG to PNG.
 *
 * Vega and the rasteriser are imported when the first chart is drawn, so that a command that draws
 * nothing starts fast. Nothing may be loaded from outside a specification, and whatever Vega warns
 * about fails the chart, because Vega draws bad data as an empty picture and says nothing else.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { emsOf } from '../width.ts';
import type { Chart } from './chart.ts';
import { drawable, glyphTest } from './glyph.ts';

// Vega's typings leave out the hook by which it measures text.
declare module 'vega' {
  export const textMetrics: {
    width: (
      item: { fontSize?: number; limit?: number },
      text: string | number | null | undefined,
    ) => number;
  };
}

const fontFile = fileURLToPath(new URL('../font/noto-sans-jp-subset.ttf', import.meta.url));
const fontFamily = 'Noto Sans JP';

/** Draws a chart as SVG; the same chart gives the same bytes. */
export const chartSvg = async (chart: Pick<Chart, 'name' | 'spec'>): Promise<string> => {
  const vega = await import('vega');
  const { compile } = await import('vega-lite');
  vega.textMetrics.width = (item, text) => {
    const width = emsOf(String(text ?? '').trim());
    const pixels = width * (item.fontSize ?? 11);
    // Vega asks within its own search for a text that fits, and reserves what is answered.
    return item.limit !== undefined && item.limit > 0 ? Math.min(pixels, item.limit) : pixels;
  };
  vega.resetSVGDefIds();
  const remarks: string[] = [];
  const logger = keepingLogger(remarks);
  const loader = vega.loader();
  loader.load = (uri) => Promise.reject(new Error(`a chart may not load ${uri}`));
  const view = new vega.View(vega.parse(compile(chart.spec, { logger }).spec), {
    renderer: 'none',
    loader,
    logger,
  });
  const svg = await view.toSVG();
  view.finalize();
  if (remarks.length > 0) throw new Error(`chart ${chart.name}: ${remarks.join('; ')}`);

  return svg;
};

export interface Raster {
  readonly png: Uint8Array;
  /** Characters of the SVG that the font cannot draw; the picture has a mark in their place. */
  readonly missing: readonly string[];
}

/** Rasterises an SVG at twice its size, with the bundled font and no other. */
export const chartPng = async (svg: string): Promise<Raster> => {
  const { Resvg } = await import('@resvg/resvg-js');
  hasGlyph ??= glyphTest(readFileSync(fontFile));
  const { text, missing } = drawable(svg, hasGlyph);
  const withFont = text.replace(/font-family="[^"]*"/g, `font-family="${fontFamily}"`);
  const png = new Resvg(withFont, {
    fitTo: { mode: 'zoom', value: 2 },
    font: { loadSystemFonts: false, fontFiles: [fontFile], defaultFontFamily: fontFamily },
  })
    .render()
    .asPng();
  return { png, missing };
};

/** Read once: the font is a part of the program. */
let hasGlyph: ((codePoint: number) => boolean) | undefined;

/**
 * A Vega logger that keeps what it is told. It must not throw: Vega logs from within its dataflow,
 * which never ends when an error goes through it.
 */
const keepingLogger = (remarks: string[]) => {
  const keep = (...messages: readonly unknown[]) => {
    remarks.push(messages.map(String).join(' '));
    return logger;
  };
  const pass = () => logger;
  const logger = {
    level: (level?: number) => (level === undefined ? 2 : logger),
    error: keep,
    warn: keep,
    info: pass,
    debug: pass,
  };
  return logger;
};
