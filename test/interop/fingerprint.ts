/**
 * Fingerprints as nmap writes and keeps them: tests of attributes, `T1(R=Y%DF=N%T=7B-85)`. In its
 * database a value is an expression: alternatives, ranges and bounds, in hexadecimal.
 */

/** Tests by name, of attributes by name. */
export type Fingerprint = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** A fingerprint of the database, with what it is of. */
export interface Known {
  readonly name: string;
  readonly tests: Fingerprint;
}

const TEST = /([A-Z0-9]+)\(([^)]*)\)/g;

/** The fingerprint in what nmap printed: lines that begin with `OS:`; undefined where none is. */
export function readFingerprint(output: string): Fingerprint | undefined {
  const lines = output.split('\n').filter((line) => line.startsWith('OS:'));
  const tests = readTests(lines.map((line) => line.slice(3).trim()).join(''));
  return tests.size > 1 ? tests : undefined;
}

/** Those of the database whose names a pattern matches. */
export function readKnown(database: string, pattern: RegExp): Known[] {
  return database.split(/\n(?=Fingerprint )/)
    .map((text) => ({ name: /^Fingerprint (.*)/.exec(text)?.[1] ?? '', text }))
    .filter(({ name }) => pattern.test(name))
    .map(({ name, text }) => ({ name, tests: readTests(text) }));
}

/** What differs: `T4.A is Z, and O is known`. Attributes that only one of them has are none. */
export function differences(seen: Fingerprint, known: Fingerprint): string[] {
  const found: string[] = [];
  for (const [test, attributes] of known) {
    for (const [attribute, expression] of attributes) {
      const value = seen.get(test)?.get(attribute);
      if (value === undefined || matches(value, expression)) continue;
      found.push(`${test}.${attribute} is ${value}, and ${expression} is known`);
    }
  }
  return found;
}

/** Whether a value is what an expression says. */
export function matches(value: string, expression: string): boolean {
  const number = Number.parseInt(value, 16);
  return expression.split('|').some((each) => {
    const range = /^([0-9A-F]+)-([0-9A-F]+)$/.exec(each);
    if (range !== null) {
      return number >= Number.parseInt(range[1] as string, 16)
        && number <= Number.parseInt(range[2] as string, 16);
    }
    if (each.startsWith('>')) return number > Number.parseInt(each.slice(1), 16);
    if (each.startsWith('<')) return number < Number.parseInt(each.slice(1), 16);
    return each === value;
  });
}

function readTests(text: string): Map<string, Map<string, string>> {
  const tests = new Map<string, Map<string, string>>();
  for (const [, name = '', body = ''] of text.matchAll(TEST)) {
    const attributes = body.split('%').map((each): [string, string] => {
      const at = each.indexOf('=');
      return [each.slice(0, at), each.slice(at + 1)];
    });
    tests.set(name, new Map(attributes.filter(([attribute]) => attribute !== '')));
  }
  return tests;
}
