/** The conversations of this folder, and what their first lines say of them. */

import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One script, with its first line as it is behind its mark. */
export interface Conversation {
  readonly file: string;
  readonly text: string;
  /** What stands behind `// fails: `, `// expects: ` or `// needs: `. */
  readonly expected: string;
}

/** The folder of a theme, or one that is given. */
export function folderOf(name: string): string {
  return fileURLToPath(new URL(`${name}/`, import.meta.url));
}

/** The scripts in a folder and those in it, by name. */
export function conversationsIn(folder: string): Conversation[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.pkt'))
    .sort()
    .map((file) => {
      const text = readFileSync(`${folder}/${file}`, 'utf8');
      const [, expected = ''] = /^\/\/ (?:fails|expects|needs): (.*)/.exec(text) ?? [];
      return { file, text, expected };
    });
}
