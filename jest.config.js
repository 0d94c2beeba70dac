const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};

/** Jest runs these two only when a test of such a project runs: unit tests need no server. */
const withServer = {
  ...shared,
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
};

const withoutServer = ['{unit,types}/**/*'];

/** They measure no short times. Some work and some wait: three at once keep two processors busy. */
const working = ['{contract,e2e,package}/**/*', 'integration/{cli,redis-server,redis-servers,survey}'];

/** They measure times, and wait for most of their own: two at once leave each other enough of two processors. */
const waiting = [
  'integration/{change-feed,deployment,fault-proxy,load-outages,redis-cache,redis-connection}',
  'integration/{topologies,topology-sentinel}',
];

/** Every other spec, and whatever is new, has the machine for itself. */
const named = [...withoutServer, ...working, ...waiting];
const others = ['**/*', ...named.map((spec) => `!**/test/${spec}.spec.ts`)];

/** The lanes take turns. */
const lanes = {
  working: {
    name: 'working',
    atOnce: 3,
    longest: ['/contract/contract.spec.ts', '/consumers.spec.ts', '/reference.spec.ts'],
  },
  waiting: { name: 'waiting', atOnce: 2, longest: ['/change-feed.spec.ts'] },
  alone: { name: 'alone', atOnce: 1, longest: [] },
};

function inLane(lane, specs) {
  return {
    runner: ['<rootDir>/test/support/jest-lane.mjs', lane],
    testMatch: specs.map((spec) => (spec.startsWith('!') ? spec : `<rootDir>/test/${spec}.spec.ts`)),
  };
}

/** The same specs, with the oldest client that is supported. */
function withOldClient(lane) {
  return {
    ...withServer,
    ...lane,
    displayName: 'redis, ioredis 5',
    moduleNameMapper: { ...shared.moduleNameMapper, '^ioredis$': 'ioredis-v5' },
  };
}

export default {
  // With less, Jest would put every spec into one process, and no lane would count.
  maxWorkers: 2,
  projects: [
    { ...shared, displayName: 'unit', ...inLane(lanes.working, withoutServer) },
    { ...withServer, displayName: 'redis', ...inLane(lanes.working, working) },
    { ...withServer, displayName: 'redis', ...inLane(lanes.waiting, waiting) },
    { ...withServer, displayName: 'redis', ...inLane(lanes.alone, others) },
    withOldClient(
      inLane(lanes.waiting, ['integration/{change-feed,redis-connection,topologies,topology-sentinel}']),
    ),
    withOldClient(inLane(lanes.alone, ['integration/topology-cluster'])),
  ],
  collectCoverageFrom: [
    'lib/**/*.ts',
    // Types only: nothing of them is there at run time.
    '!lib/config/{redis-cache-options,resolved-redis-cache-options}.ts',
    '!lib/contract/{cache.interface,cache-metrics,capabilities,every-capability,sync-cache}.ts',
    '!lib/core/cache-store.ts',
  ],
  coverageProvider: 'v8',
  coverageThreshold: { global: { lines: 95, branches: 95 } },
  coverageReporters: ['text-summary', 'text', 'json-summary'],
};
