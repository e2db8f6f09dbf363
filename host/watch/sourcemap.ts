/**
 * Stacks of the kernel's functions, as an engine prints them, to files and lines of `assembly/`:
 * the source map of a module (revision 3 of the format) has the octets of the module as columns.
 */

/** A place in the kernel's sources. */
export interface Site {
  /** From `assembly/` on: `tcpip/tcp/connect.ts`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /**
   * The function of the module, without its file; empty where the module has no names, or where
   * the place was compiled into a function of another file.
   */
  readonly function: string;
}

/** A frame of a stack: a function of the module, and the octet of the module it stands at. */
export interface WasmFrame {
  /** As the module's name section has it: `assembly/ke/spinlock/own`; may be empty. */
  readonly name: string;
  readonly offset: number;
}

/** A module's source map, ready to be asked. */
export interface SourceMap {
  readonly sources: readonly string[];
  /** Where each piece begins in the module, ascending. */
  readonly offsets: readonly number[];
  /** Of each piece its source's index and line (from 1), one after the other; -1: it has none. */
  readonly places: readonly number[];
}

const FRAME = /^\s*(?:at\s+)?(?:(.*?)\s*[(@]\s*)?\S*wasm-function\[\d+\]:0x([0-9a-f]+)\)?\s*$/;
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** What acquires, or stops, for others: their caller is the one who does. */
const ACQUIRES = new RegExp([
  '^vf/', '^ke/(point|irql|spinlock|queuedlock|mutex|fastmutex|semaphore|wait)\\.ts$',
  '^ex/(interlocked|resource)\\.ts$', '^nt/bugcheck\\.ts$',
  '^io/cancel\\.ts IoAcquireCancelSpinLock$', '^netbios/gate\\.ts$',
].join('|'));

/** The frames of `stack` that are the module's, innermost first; the host's own are left out. */
export function parseStack(stack: string): WasmFrame[] {
  return stack.split('\n').flatMap((line) => {
    const match = FRAME.exec(line);
    if (match === null) return [];
    return [{ name: match[1] ?? '', offset: Number.parseInt(match[2] ?? '0', 16) }];
  });
}

const maps = new Map<string, Promise<SourceMap>>();

/**
 * The map of a target of asconfig.json, read once: build/*.wasm.map, two folders above this file,
 * in Node from the file and in browsers from the server.
 * @throws Error naming the file that cannot be had.
 */
export async function loadSourceMap(target: string): Promise<SourceMap> {
  const url = new URL(`../../build/${target}.wasm.map`, import.meta.url);
  let map = maps.get(target);
  if (map === undefined) {
    map = fetchText(url).then(readSourceMap);
    maps.set(target, map);
    map.catch(() => maps.delete(target));
  }
  return map;
}

async function fetchText(url: URL): Promise<string> {
  try {
    if (url.protocol === 'file:') {
      const { readFile } = await import('node:fs/promises');
      return await readFile(url, 'utf8');
    }
    const response = await fetch(url);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return await response.text();
  } catch (error) {
    throw new Error(`no source map at ${url.href}: is the kernel built?`, { cause: error });
  }
}

/**
 * Reads a source map of a module: one line of mappings, as compilers to WebAssembly write it.
 * @throws Error if it is no such map.
 */
export function readSourceMap(json: string): SourceMap {
  const map = JSON.parse(json) as { version?: unknown; sources?: unknown; mappings?: unknown };
  if (map.version !== 3 || !Array.isArray(map.sources) || typeof map.mappings !== 'string') {
    throw new Error('the source map is not one of revision 3');
  }
  if (map.mappings.includes(';')) throw new Error('the source map is not one of a module');
  const offsets: number[] = [];
  const places: number[] = [];
  let offset = 0;
  let source = 0;
  let line = 0;
  for (const segment of map.mappings.split(',')) {
    const fields = readNumbers(segment);
    if (fields.length === 0) continue;
    offset += fields[0] ?? 0;
    source += fields[1] ?? 0;
    line += fields[2] ?? 0;
    offsets.push(offset);
    if (fields.length < 4) places.push(-1, -1);
    else places.push(source, line + 1);
  }
  return { sources: map.sources.map(String), offsets, places };
}

// Numbers in base 64, five bits a digit, least first; the first bit of each number is its sign.
function readNumbers(text: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let scale = 1;
  for (const letter of text) {
    const digit = DIGITS.indexOf(letter);
    if (digit < 0) throw new Error(`the source map has ${JSON.stringify(letter)} in its mappings`);
    value += (digit & 31) * scale;
    scale *= 32;
    if (digit >= 32) continue;
    numbers.push(value % 2 === 1 ? -(value - 1) / 2 : value / 2);
    value = 0;
    scale = 1;
  }
  if (scale !== 1) throw new Error('the source map ends within a number');
  return numbers;
}

/** Where the octet `offset` of the module is from; undefined where the map does not say. */
export function findSite(map: SourceMap, frame: WasmFrame): Site | undefined {
  return siteAt(map, frame, findPiece(map, frame));
}

/** The piece of the map in which a frame stands; -1: before the first. */
function findPiece(map: SourceMap, frame: WasmFrame): number {
  let low = 0;
  let high = map.offsets.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((map.offsets[middle] ?? 0) <= frame.offset) low = middle + 1;
    else high = middle;
  }
  let piece = low - 1;
  // Of pieces that begin at one octet the first is its own; what follows it is the last one's.
  if (map.offsets[piece] === frame.offset) {
    while (map.offsets[piece - 1] === frame.offset) piece--;
  }
  return piece;
}

function siteAt(map: SourceMap, frame: WasmFrame, piece: number): Site | undefined {
  const source = map.sources[map.places[2 * piece] ?? -1];
  const line = map.places[2 * piece + 1];
  if (source === undefined || line === undefined) return undefined;
  const file = source.replace(/^.*\bassembly\//, '');
  const own = prefixOf(source);
  return { file, line, function: frame.name.startsWith(own) ? frame.name.slice(own.length) : '' };
}

/** How the names of a source's functions begin. */
function prefixOf(source: string): string {
  return `${source.replace(/^(\.\.?\/)+|\.ts$/g, '')}/`;
}

/** Pieces of a function at most, between what was compiled into it and its own place before. */
const MOST_PIECES = 4096;

/**
 * Where a frame is from, and, where that was compiled into a function of another file, from where
 * in that one: its last own place before, which is on the line of the call, or near it.
 */
function sitesOf(map: SourceMap, frame: WasmFrame): Site[] {
  const piece = findPiece(map, frame);
  const site = siteAt(map, frame, piece);
  if (site === undefined || site.function !== '' || frame.name === '') return toList(site);
  const own = map.sources.findIndex((source) => frame.name.startsWith(prefixOf(source)));
  const least = own < 0 ? piece : Math.max(0, piece - MOST_PIECES);
  for (let before = piece - 1; before >= least; before--) {
    if (map.places[2 * before] === own) return [site, ...toList(siteAt(map, frame, before))];
  }
  return [site];
}

function toList(site: Site | undefined): Site[] {
  return site === undefined ? [] : [site];
}

/**
 * All frames of `stack` that the map knows, innermost first; two places of one into which another
 * function was compiled.
 */
export function resolveStack(map: SourceMap, stack: string): Site[] {
  return parseStack(stack).flatMap((frame) => sitesOf(map, frame));
}

/** Of a resolved stack the place that asked for the lock: the first outside what acquires locks. */
export function findAcquirer(stack: readonly Site[]): Site | undefined {
  return stack.find(
    (site) => !ACQUIRES.test(site.file) && !ACQUIRES.test(`${site.file} ${site.function}`),
  );
}
