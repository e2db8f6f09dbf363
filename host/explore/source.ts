/** Modules that are explored, from wherever they are: octets, a file, an address. */

import { readSourceMap } from '../watch/sourcemap.js';
import type { SourceMap } from '../watch/sourcemap.js';

/** A module that has been compiled, or its octets, or where its file is. */
export type ModuleSource = WebAssembly.Module | Uint8Array<ArrayBuffer> | URL | string;

/** A module, and what is known of it. */
export interface LoadedModule {
  readonly module: WebAssembly.Module;
  /** The first digits of its digest, which replay lines begin with; `none` without its octets. */
  readonly build: string;
  /** Its source map, where there is one beside its file. */
  readonly map?: SourceMap;
}

const BUILD_DIGITS = 12;

/**
 * A module, with the map beside it: a path is a file's in Node, and an address in browsers.
 * @throws Error where it cannot be read, or is no module.
 */
export async function loadExplored(source: ModuleSource): Promise<LoadedModule> {
  if (source instanceof WebAssembly.Module) return { module: source, build: 'none' };
  if (source instanceof Uint8Array) return loadOctets(source);
  const octets = await read(source);
  if (octets === undefined) throw new Error(`${String(source)} cannot be read`);
  const map = await read(source instanceof URL ? new URL(`${source.href}.map`) : `${source}.map`);
  return loadOctets(octets, map === undefined ? undefined : new TextDecoder().decode(map));
}

/** A module from its octets, and its map's text. @throws Error where it is no module or no map. */
export async function loadOctets(
  octets: Uint8Array<ArrayBuffer>, map?: string,
): Promise<LoadedModule> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', octets));
  const digits = Array.from(digest, (octet) => octet.toString(16).padStart(2, '0')).join('');
  return {
    module: await WebAssembly.compile(octets),
    build: digits.slice(0, BUILD_DIGITS),
    ...(map === undefined ? {} : { map: readSourceMap(map) }),
  };
}

async function read(source: URL | string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const isFile = typeof source === 'string'
    ? typeof process !== 'undefined' && !/^https?:/.test(source)
    : source.protocol === 'file:';
  if (isFile) {
    const { readFile } = await import('node:fs/promises');
    return readFile(source).then((octets) => Uint8Array.from(octets), () => undefined);
  }
  const response = await fetch(source);
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
}
