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

const withoutServer = ['<rootDir>/test/unit/', '<rootDir>/test/types/'];

/** Jest runs these two only when a test of such a project runs: unit tests need no server. */
const withServer = {
  ...shared,
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
};

export default {
  projects: [
    { ...shared, displayName: 'unit', testMatch: withoutServer.map((folder) => `${folder}**/*.spec.ts`) },
    {
      ...withServer,
      displayName: 'redis',
      testMatch: ['<rootDir>/test/**/*.spec.ts'],
      testPathIgnorePatterns: withoutServer,
    },
    {
      ...withServer,
      displayName: 'redis, ioredis 5',
      testMatch: ['<rootDir>/test/integration/{change-feed,redis-connection,topologies,topology-*}.spec.ts'],
      moduleNameMapper: { ...shared.moduleNameMapper, '^ioredis$': 'ioredis-v5' },
    },
  ],
  collectCoverageFrom: [
    'lib/**/*.ts',
    // Types only: nothing of them is there at run time.
    '!lib/config/{redis-cache-options,resolved-redis-cache-options}.ts',
    '!lib/contract/{cache.interface,capabilities}.ts',
    '!lib/core/cache-store.ts',
  ],
  coverageProvider: 'v8',
  coverageThreshold: { global: { lines: 95, branches: 95 } },
  coverageReporters: ['text-summary', 'text', 'json-summary'],
};
