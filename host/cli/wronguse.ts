/** What a person asked for that cannot be: one line that names the option, and what is allowed. */

/** Ends a command with exit code 2 and its message alone. */
export class WrongUse extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WrongUse';
  }
}

/**
 * What `read` gives; where it throws, what an option is given cannot be.
 * @throws WrongUse that names the option, with the reason in one line.
 */
export function optionValue<T>(option: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof WrongUse) throw thrown;
    throw new WrongUse(`option ${option}: ${oneLine(thrown)}`, { cause: thrown });
  }
}

/** The message of what was thrown, in one line. */
export function oneLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.replaceAll(/\s*\n\s*/g, ' ').trim();
}
