/** Files that frames are written to (`--pcap`), and why a file could not be read or written. */

import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { CaptureWriter } from '../link/pcapngwrite.js';
import { WrongUse, oneLine } from './wronguse.js';

/** A file that is open to be written. */
export interface OutputFile {
  readonly path: string;
  readonly file: number;
}

/** A capture in the making. */
export interface Capture {
  readonly writer: CaptureWriter;
  /**
   * Writes what is left, and closes the file.
   * @throws WrongUse where the file took not all of it.
   */
  end(): void;
}

/**
 * Opens, and empties, the file that `--pcap` names.
 * @throws WrongUse where it cannot be written, or is the file `input`, which would be lost.
 */
export function openOutput(path: string, input?: string): OutputFile {
  if (input !== undefined && isSameFile(path, input)) {
    throw new WrongUse(`option --pcap: ${path} is the file that is read`);
  }
  try {
    return { path, file: openSync(path, 'w') };
  } catch (thrown) {
    throw cannotBeWritten(path, thrown);
  }
}

/** Two paths to one file: by whatever links. */
function isSameFile(one: string, other: string): boolean {
  const [first, second] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return first !== undefined && first.dev === second?.dev && first.ino === second.ino;
}

/** Begins a capture; what cannot be written is told at its end. */
export function startCapture({ path, file }: OutputFile): Capture {
  let failure: unknown;
  const writer = new CaptureWriter((octets) => {
    if (failure !== undefined) return;
    try {
      for (let at = 0; at < octets.length;) at += writeSync(file, octets, at);
    } catch (thrown) {
      failure = thrown;
    }
  });
  return {
    writer,
    end() {
      writer.flush();
      closeSync(file);
      if (failure !== undefined) throw cannotBeWritten(path, failure);
    },
  };
}

/** Why a file could not be read or written, in a few words. */
export function reasonOf(thrown: unknown): string {
  const code = (thrown as NodeJS.ErrnoException | undefined)?.code ?? '';
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'no such file or folder',
    EACCES: 'not permitted',
    EPERM: 'not permitted',
    EISDIR: 'it is a folder',
    ENOTDIR: 'a part of its path is no folder',
    ENOSPC: 'no space left',
    EROFS: 'the file system is read-only',
  };
  return words[code] ?? oneLine(thrown);
}

function cannotBeWritten(path: string, thrown: unknown): WrongUse {
  return new WrongUse(`option --pcap: ${path} cannot be written: ${reasonOf(thrown)}`, {
    cause: thrown,
  });
}
