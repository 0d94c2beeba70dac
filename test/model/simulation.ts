import { EPOCH } from '../../lib/core/cache-store.js';
import { NearStore } from '../../lib/near/near-store.js';
import { Random } from '../chaos/random.js';
import { compareNear } from './check-near.js';
import type { Tolerance } from './check-reads.js';
import { FollowableWire } from './followable-wire.js';
import { judge } from './judge.js';
import { newsOf } from './near-program.js';
import { NewsLine } from './news-line.js';
import type { Connection } from './process.js';
import { FREE, KEPT, type NearSetup, type Program, type Scope, TAGS } from './program.js';
import { runProgram, type Stage } from './run-program.js';
import { SimulatedServer } from './simulated-server.js';
import { VirtualTime } from './virtual-time.js';
import { type Server, type Weather, Wire } from './wire.js';

/** What a program may contain that runs in virtual time. */
export const SIMULATED: Scope = {
  delays: [0, 0, 3, 8],
  losses: [0, 0, 0, 0.05],
  leases: [60, 3_000],
  retries: true,
  steps: 8,
};

const TOLERANCE: Tolerance = { clock: 1, turn: 12, news: 0 };
/** Longer than writers are tried again, and than an answer may be late, in milliseconds. */
const LONG_QUIET = 20_000;
/** Longer than any factory or writer takes. */
const SHORT_QUIET = 500;
/** The versions of tags of an entry that stays: twice the time that a tagged entry stays, and a little. */
const LONGEST = 2 * (30 * 24 * 60 * 60 * 1_000 + 2 * 60_000) + 1;

/** Runs a program in virtual time, with several processes over one store in memory. */
export async function simulate(program: Program): Promise<string[]> {
  const random = new Random(`${program.seed} of the engine`);
  const news = program.near === undefined ? 0 : newsOf(program.near);
  return await new VirtualTime(() => random.next()).run(async () => {
    const history = await runProgram(program, stageOf(program));
    return judge(history, program, { ...TOLERANCE, news });
  });
}

function stageOf(program: Program): Stage {
  const { near } = program;
  let server: SimulatedServer | undefined;
  return {
    prefix: '',
    quietAfter: hasRetries(program) ? LONG_QUIET : SHORT_QUIET,
    serverFor(_process, history, random) {
      server ??= new SimulatedServer(history, random, program.pauseFor);
      return server;
    },
    connect(seen, weather) {
      if (near === undefined || server === undefined) return { wire: new Wire(seen, weather) };
      return connectNear(server, seen, weather, near);
    },
    async compare(history, processes) {
      if (near === undefined || server === undefined) return;
      await compareNear(server.store, '', history, processes, newsOf(near));
    },
    async inspect(history) {
      if (server === undefined) return;
      const { store } = server;
      // Property 15: what never expires is removed, and everything else has its time.
      server.ahead = LONGEST;
      const keys = [...FREE, ...KEPT];
      const slots = await store.execute({ op: 'read', prefix: '', keys });
      for (const [index, slot] of slots.entries()) {
        const isGone =
          'state' in slot &&
          (slot.state === 'absent' || (slot.state === 'entry' && slot.refresh === undefined));
        if (!isGone) history.flaws.push(`15: ${keys[index]} is held for ever`);
      }
      const tags = [...TAGS, EPOCH];
      const versions = await store.execute({ op: 'versions', prefix: '', tags });
      for (const [index, version] of versions.entries()) {
        if (version !== undefined)
          history.flaws.push(`15: the version of "${tags[index]}" outlives every entry`);
      }
    },
  };
}

/** Connects a process that keeps what it reads. */
function connectNear(server: SimulatedServer, seen: Server, weather: Weather, setup: NearSetup): Connection {
  const line = new NewsLine(server.store, weather.random, setup);
  server.lines.add(line);
  const { random } = weather;
  const slowness = (): number => (setup.slowness > 0 ? random.between(0, setup.slowness) : 0);
  const wire = new FollowableWire(seen, weather, line, server.ends, slowness);
  const near = new NearStore(wire, { ...setup, maxBytes: 2 ** 20 });
  return { wire, near, disturb: (disturbance) => line.disturb(disturbance) };
}

function hasRetries({ loss, callers }: Program): boolean {
  if (loss > 0) return true;
  const actions = callers.flatMap(({ steps }) => steps.map(({ action }) => action));
  return actions.some((action) => action.op === 'behind' && action.work.outcome === 'failed');
}
