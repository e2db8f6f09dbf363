/** A server on the loopback interface for one page: the built host and kernels, and the program. */

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import ts from 'typescript';
import { ROOT } from '../../host/cli/child.js';

/** Folders of the project that the page may read, as they are. */
const FOLDERS = ['/dist/', '/build/', '/node_modules/@assemblyscript/loader/'];
/** The program, as the page imports it. */
const PROGRAM = '/program.js';
const KINDS: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.map': 'application/json',
  '.wasm': 'application/wasm',
};

// What a page needs to import the host as it is: the one package that it names.
const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>ntstack</title>
<link rel="icon" href="data:,">
<script type="importmap">
{ "imports": { "@assemblyscript/loader": "/node_modules/@assemblyscript/loader/index.js" } }
</script>
`;

/** A server that runs. */
export interface Serving {
  /** Of the page: `http://127.0.0.1:PORT/`. */
  readonly url: string;
  close(): void;
}

/** Serves until it is closed. */
export async function serve(): Promise<Serving> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    answer(path, response).catch((error: Error) => end(response, 404, 'text/plain', error.message));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return { url: `http://127.0.0.1:${portOf(server)}/`, close: () => void server.close() };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function answer(path: string, response: ServerResponse): Promise<void> {
  if (path === '/') return end(response, 200, 'text/html', PAGE);
  if (path === PROGRAM) return end(response, 200, 'text/javascript', await compileProgram());
  const inside = normalize(path);
  const kind = KINDS[extname(inside)];
  if (kind === undefined || !FOLDERS.some((folder) => inside.startsWith(folder))) {
    throw new Error(`${path}: the page may not read it`);
  }
  return end(response, 200, kind, await readFile(join(ROOT, inside)));
}

/** The program without its types. */
async function compileProgram(): Promise<string> {
  const text = await readFile(new URL('program.ts', import.meta.url), 'utf8');
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
  };
  return ts.transpileModule(text, { compilerOptions }).outputText;
}

function end(
  response: ServerResponse, status: number, kind: string, content: string | Uint8Array,
): void {
  response.writeHead(status, { 'content-type': kind, 'cache-control': 'no-store' });
  response.end(content);
}
