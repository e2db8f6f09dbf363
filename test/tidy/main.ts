/** `npm run check` asks here: prints what breaks a law of the house; exits 1 if anything does. */

import { fileURLToPath } from 'node:url';
import { inspectProject } from './laws.js';
import { show } from './rule.js';

const { violations, stale } = inspectProject(fileURLToPath(new URL('../..', import.meta.url)));
const lines = [
  ...violations.map(show),
  ...stale.map(
    ({ rule, path }) => `test/tidy.allow.ts  ${rule} in ${path} is not needed  → no exception`,
  ),
];
if (lines.length > 0) {
  process.stdout.write(`${lines.join('\n')}\n${lines.length} found\n`);
  process.exitCode = 1;
}
