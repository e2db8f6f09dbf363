/** The program's first file: it hears signals before it has read the others. */

import { hearSignals } from './interrupt.js';

hearSignals();
const [{ reasonOf }, { EXIT }, { main }] = await Promise.all([
  import('./capture.js'), import('./exit.js'), import('./ntstack.js'),
]);

/** Whoever reads from a pipe may have seen enough; otherwise what was found did not get out. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') return;
  process.stderr.write(`ntstack: standard output cannot be written: ${reasonOf(error)}\n`);
  process.exit(EXIT.failure);
}

process.stdout.on('error', onOutputError);
process.exitCode = await main(process.argv.slice(2));
