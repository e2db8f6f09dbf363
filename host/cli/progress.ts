/** The live lines of `run` and `explore`: on a terminal only, and gone when what they show is. */

import { SingleBar } from 'cli-progress';
import type { PhaseTarget } from './arena.js';
import type { PhaseControl } from './phase.js';
import { formatCount, formatSeconds, gbitPerSecond, paintFor } from './show.js';

/** What is shown of a phase. */
export type Progress = Parameters<PhaseControl['progress']>[0];

/** A line that is written over and over. */
export interface ProgressLine {
  show(progress: Progress): void;
  /** Takes the line away. */
  end(): void;
}

const STEPS = 1000;
const FRAMES_A_SECOND = 10;

/** The line of a phase, on standard error. */
export function startProgress(target: PhaseTarget): ProgressLine {
  const line = startLine(target.padEnd(7));
  return {
    show: (progress) => line.show(progress.share, wordsOf(progress)),
    end: line.end,
  };
}

/** A line of a label, a bar and words, on standard error where that is a terminal. */
export function startLine(label: string): {
  readonly show: (share: number, words: string) => void;
  readonly end: () => void;
} {
  if (process.stderr.isTTY !== true) return { show() {}, end() {} };
  const paint = paintFor(process.stderr);
  const bar = new SingleBar({
    format: `${paint.bold(label)} ${paint.cyan('{bar}')} {percentage} %  {words}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 16,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    linewrap: false,
    fps: FRAMES_A_SECOND,
    gracefulExit: false,
  });
  bar.start(STEPS, 0, { words: '' });
  return {
    show(share, words) {
      bar.update(Math.round(share * STEPS), { words });
    },
    end() {
      bar.stop();
    },
  };
}

function wordsOf({ frames, octets, seconds, opened, virtualSeconds }: Progress): string {
  return [
    `${formatCount(frames)} frames`,
    `${gbitPerSecond(octets, seconds).toFixed(2)} Gbit/s`,
    `${formatCount(opened)} connections`,
    `${formatSeconds(virtualSeconds)} virtual`,
  ].join('  ');
}
