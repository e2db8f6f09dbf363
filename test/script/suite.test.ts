/**
 * The scripts of others in ../shared/packetdrill, beside the project, where they are: all pass but
 * those of suite.txt, which says why. Without them there is nothing to run, and this says so.
 */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadModule } from '../../host/kernel/load.js';
import { runSuite } from '../../host/script/suite.js';
import { conversationsIn } from './files.js';

const FOLDER = fileURLToPath(new URL('../../../shared/packetdrill', import.meta.url));
const TABLE = readFileSync(new URL('suite.txt', import.meta.url), 'utf8');
/** What becomes of each script that does not pass, by its path. */
const EXPECTED = Object.fromEntries(
  [...TABLE.matchAll(/^(\S+\.pkt)\n {2}(failed|skipped): /gm)].map(([, file, outcome]) => {
    return [file, outcome];
  }),
);

describe('script/suite', () => {
  it('has a reason for each that does not pass', () => {
    expect(Object.keys(EXPECTED).length).toBeGreaterThan(0);
    expect(Object.keys(EXPECTED).length).toBe(TABLE.match(/\.pkt$/gm)?.length);
  });

  if (!existsSync(FOLDER)) {
    it('has no scripts of others to run: ../shared/packetdrill is not here', () => {
      expect(existsSync(FOLDER)).toBe(false);
    });
    return;
  }

  it('passes all but those of the table', async () => {
    const kernels = [{ target: 'checked', module: await loadModule('checked') }] as const;
    const scripts = conversationsIn(FOLDER);
    const results = await runSuite(scripts, { kernels, release: 'modern' });
    const others = results.filter(({ outcome }) => outcome !== 'passed');
    const found = Object.fromEntries(others.map(({ file, outcome }) => [file, outcome]));
    expect(found, others.map(({ reason }) => reason).join('\n')).toEqual(EXPECTED);
    expect(scripts.length).toBeGreaterThan(others.length);
  });
});
