import { workerData } from 'node:worker_threads';
import { announceEnd, serveCommands } from '../sync/serve-commands.js';
import type { WorkerStart } from '../sync/worker-protocol.js';
import { createTopology, type TopologySettings } from './create-topology.js';
import { RedisStore } from './redis-store.js';

/** The program of a worker: a store, and a connection, of its own. What befalls the connection, its errors tell. */
const start: WorkerStart<TopologySettings> = workerData;
process.on('exit', () => announceEnd(start.cells));
serveCommands(new RedisStore(createTopology(start.settings, undefined)), start.port, start.cells);
