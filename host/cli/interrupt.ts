/** Ctrl-C and SIGTERM: heard from the program's first line on, and told to who is at work. */

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** One came while nobody was at work yet. */
let isEarly = false;

/** Hears signals for whoever listens later. Once, before anything else is read or done. */
export function hearSignals(): void {
  for (const signal of SIGNALS) process.on(signal, noteEarly);
}

function noteEarly(): void {
  isEarly = true;
  // Whoever presses it again does not want to wait.
  stopHearing(noteEarly);
}

function stopHearing(listener: () => void): void {
  for (const signal of SIGNALS) process.off(signal, listener);
}

/**
 * Has `tell` called by each signal, and by one that came before. Gives what ends that; from then
 * on a signal ends the program.
 */
export function listenForSignals(tell: () => void): () => void {
  for (const signal of SIGNALS) process.on(signal, tell);
  stopHearing(noteEarly);
  if (isEarly) queueMicrotask(tell);
  isEarly = false;
  return () => stopHearing(tell);
}

/** Whether somebody wants an end. The first signal says so; a second one ends the program. */
export class Interruption {
  private hasCome = false;
  private readonly ignore = listenForSignals(() => {
    this.hasCome = true;
    this.ignore();
  });

  /** Signals are heard only in a turn of the loop. */
  get came(): boolean {
    return this.hasCome;
  }

  /** Nobody is at work any more. */
  end(): void {
    this.ignore();
  }
}
