/** A proxy in a process of its own, with its state in a file, to be killed. */

import { recall, servedProxy } from '../../kit/served-proxy.ts';

const path = process.argv[2] ?? '';
const { origin } = await servedProxy(recall, { state: { kind: 'sqlite', path, retainDays: 30 } });
process.send?.(origin);
