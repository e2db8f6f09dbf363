/** What runs in the network of its own: one part, whose checks go to who has started it. */

import { checkNetbt } from './netbt.js';
import { checkNmap } from './nmap.js';
import type { InsideOptions } from './namespace.js';
import type { Check } from './pcap.js';
import { checkTcp } from './tcp.js';

const PARTS: Readonly<Record<string, (options: InsideOptions) => AsyncGenerator<Check>>> = {
  tcp: checkTcp,
  nmap: checkNmap,
  netbt: checkNetbt,
};

async function tell(check: Check): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(check, (error: Error | null) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

const options = JSON.parse(process.argv[2] ?? '{}') as InsideOptions;
// Programs that this has started end with it.
process.on('disconnect', () => process.exit(1));
process.on('SIGTERM', () => process.exit(1));
try {
  const part = PARTS[options.part];
  if (part === undefined) throw new Error(`no part ${options.part} inside`);
  for await (const check of part(options)) await tell(check);
} catch (thrown) {
  const found = thrown instanceof Error ? thrown.message : String(thrown);
  await tell({ name: 'it runs', found, holds: false });
}
process.exit(0);
