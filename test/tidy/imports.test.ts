/** Proofs of the rules about who may import whom. */

import { proves } from './sample.js';

const from = (path: string, specifier: string, names = 'a'): Record<string, string> => ({
  [path]: `import { ${names} } from "${specifier}";`,
});

proves('floors', {
  fails: [
    [from('assembly/ndis/send.ts', '../tcpip/tcp/output'), 'assembly/ndis/send.ts:1'],
    [from('assembly/nt/list.ts', '../ke/irql'), 'assembly/nt/list.ts:1'],
    [from('assembly/nt/list.ts', '../wire/bytes'), 'assembly/nt/list.ts:1'],
    [from('assembly/vf/locks.ts', '../ke/spinlock'), 'assembly/vf/locks.ts:1'],
    [from('assembly/ke/dpc.ts', '../ex/pool'), 'assembly/ke/dpc.ts:1'],
    [from('assembly/kb/faults.ts', '../vf/irql'), 'assembly/kb/faults.ts:1'],
    [from('assembly/tdi/build.ts', '../ndis/packet'), 'assembly/tdi/build.ts:1'],
    [from('assembly/ke/clock.ts', '../boot'), 'assembly/ke/clock.ts:1'],
    [from('assembly/zw/new.ts', '../nt/list'), 'assembly/zw/new.ts:1'],
    [{ 'assembly/io/irp.ts': '\nexport { a } from "../tdi/event";' }, 'assembly/io/irp.ts:2'],
    [from('assembly/io/irp.ts', '../../host/index.js'), 'assembly/io/irp.ts:1'],
  ],
  passes: [
    from('assembly/tcpip/tcp/output.ts', '../ip/send'),
    from('assembly/tcpip/tcp/output.ts', '../../ndis/send'),
    from('assembly/ke/spinlock.ts', '../vf/locks'),
    from('assembly/ex/pool.ts', '../ke/spinlock'),
    from('assembly/boot.ts', './tcpip/driver'),
    from('assembly/index.ts', './miniport/ring'),
  ],
});

proves('drivers', {
  fails: [
    [from('assembly/srv/connection.ts', '../netbt/session/send'), 'assembly/srv/connection.ts:1'],
    [from('assembly/tcpip/protocol.ts', '../miniport/send'), 'assembly/tcpip/protocol.ts:1'],
    [from('assembly/index.ts', './tcpip/driver', 'DriverEntry'), 'assembly/index.ts:1'],
  ],
  passes: [
    from('assembly/boot.ts', './tcpip/driver', 'DriverEntry as tcpip'),
    from('assembly/srv/connection.ts', '../tdi/build'),
  ],
});

proves('host-imports', {
  fails: [
    [from('assembly/tcpip/driver.ts', '../host'), 'assembly/tcpip/driver.ts:1'],
    [from('assembly/nt/list.ts', '../host'), 'assembly/nt/list.ts:1'],
    [from('assembly/srv/file.ts', '../host'), 'assembly/srv/file.ts:1'],
  ],
  passes: [
    from('assembly/nt/bugcheck.ts', '../host'),
    from('assembly/ke/spinlock.ts', '../host'),
    from('assembly/vf/rule.ts', '../host'),
    from('assembly/miniport/send.ts', '../host'),
    from('assembly/srv/volume.ts', '../host'),
  ],
});

proves('kernel-packages', {
  fails: [[from('assembly/io/irp.ts', 'lodash'), 'assembly/io/irp.ts:1']],
  passes: [from('assembly/io/irp.ts', '../nt/list')],
});

proves('cycles', {
  fails: [
    [
      {
        ...from('assembly/io/a.ts', './b'),
        ...from('assembly/io/b.ts', './c'),
        ...from('assembly/io/c.ts', './a'),
      },
      'assembly/io/c.ts:1',
    ],
  ],
  passes: [{ ...from('assembly/io/a.ts', './b'), ...from('assembly/io/b.ts', './c') }],
});

proves('host-floors', {
  fails: [
    [from('host/kernel/load.ts', '../machine/clock.js'), 'host/kernel/load.ts:1'],
    [from('host/link/wire.ts', '../user/socket.js'), 'host/link/wire.ts:1'],
    [from('host/load/mix.ts', '../watch/hang.js'), 'host/load/mix.ts:1'],
    [
      { 'host/machine/nic.ts': "import type { Link } from '../link/link.js';" },
      'host/machine/nic.ts:1',
    ],
    [from('host/cli/run.ts', '../index.js'), 'host/cli/run.ts:1'],
    [{ 'host/user/ping.ts': "const a = await import('../cli/run.js');" }, 'host/user/ping.ts:1'],
  ],
  passes: [
    from('host/machine/nic.ts', '../kernel/memory.js'),
    from('host/load/replay.ts', '../link/pcap.js'),
    from('host/cli/run.ts', '../watch/hang.js'),
    from('host/index.ts', './machine/machine.js'),
  ],
});

proves('host-packages', {
  fails: [
    [{ 'host/watch/hang.ts': "import pc from 'picocolors';" }, 'host/watch/hang.ts:1'],
    [{ 'host/user/file.ts': "import { join } from 'node:path';" }, 'host/user/file.ts:1'],
    [{ 'host/link/hub.ts': "const a = await import('ws');" }, 'host/link/hub.ts:1'],
  ],
  passes: [
    { 'host/cli/run.ts': "import pc from 'picocolors';\nimport { join } from 'node:path';" },
    { 'host/kernel/load.ts': "const { readFile } = await import('node:fs/promises');" },
    { 'host/watch/hang.ts': "import type { A } from 'some';" },
  ],
});

proves('host-cycles', {
  fails: [
    [
      { ...from('host/link/a.ts', './b.js'), ...from('host/link/b.ts', './a.js') },
      'host/link/b.ts:1',
    ],
  ],
  passes: [
    { ...from('host/link/a.ts', './b.js'), 'host/link/b.ts': "import type { A } from './a.js';" },
  ],
});
