/**
 * The scripts of others in ../shared/packetdrill, beside the project, where they are: at least so
 * many of them pass. Without them there is nothing to run, and this says so.
 */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadModule } from '../../host/kernel/load.js';
import { runSuite, summarize } from '../../host/script/suite.js';
import { conversationsIn } from './files.js';

const FOLDER = fileURLToPath(new URL('../../../shared/packetdrill', import.meta.url));
/** What passed when this was last raised, of 210. */
const FLOOR = 206;

describe('script/suite', () => {
  if (!existsSync(FOLDER)) {
    it('has no scripts of others to run: ../shared/packetdrill is not here', () => {
      expect(existsSync(FOLDER)).toBe(false);
    });
    return;
  }

  it(`at least ${FLOOR} of other people's scripts pass, and each can be read`, async () => {
    const kernels = [{ target: 'checked', module: await loadModule('checked') }] as const;
    const scripts = conversationsIn(FOLDER);
    const results = await runSuite(scripts, { kernels, release: 'modern' });
    expect(results.filter(({ outcome }) => outcome === 'malformed')).toEqual([]);
    const summary = summarize(results);
    const { passed, failed, skipped } = summary;
    expect(passed + failed + skipped).toBe(scripts.length);
    const reasons = summary.files.map(({ reason }) => reason).filter((reason) => reason !== '');
    expect(passed, reasons.join('\n')).toBeGreaterThanOrEqual(FLOOR);
  });
});
