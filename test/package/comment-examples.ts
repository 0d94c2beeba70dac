import { type Block, Declarations } from './documents.js';
import type { PublicThing } from './reference.js';

/** The files of the subpaths, by the names that they are imported by. */
const SUBPATHS = {
  '@spakky/nestjs-redis-cache': 'lib/index.ts',
  '@spakky/nestjs-redis-cache/health': 'lib/health/index.ts',
  '@spakky/nestjs-redis-cache/telemetry': 'lib/telemetry/index.ts',
  '@spakky/nestjs-redis-cache/testing': 'lib/testing/index.ts',
};

/**
 * What an example may use without saying where it comes from, beside all that the package exports: who hovers over a name
 * wants to see how it is used, and an editor adds the imports.
 */
const SURROUNDINGS = `
import type { AsyncLocalStorage } from 'node:async_hooks';
import { describe, it } from 'node:test';
import {
  Controller, Get, type INestApplicationContext, Inject, Injectable, Module, ServiceUnavailableException,
} from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';

interface Profile { readonly id: string; readonly name: string; readonly country: string }
interface Session { readonly user: string }

declare const app: INestApplicationContext;
declare const cache: CoreCache<Profile>;
declare const operation: CacheOperation;
declare const profile: Profile;
declare const requestId: AsyncLocalStorage<string>;
declare const database: {
  read(id: string, options?: { signal: AbortSignal }): Promise<Profile>;
  write(profile: Profile): Promise<Profile>;
  remove(id: string): Promise<void>;
};
`;

/**
 * The examples of doc comments as modules that can be type-checked, each once. One that imports something is complete;
 * any other is a fragment, and gets its surroundings.
 */
export function examplesOf(things: readonly PublicThing[]): Block[] {
  const imports = Object.entries(SUBPATHS).map(([specifier, file]) =>
    new Declarations(file).importFrom(specifier),
  );
  const prelude = [...imports, SURROUNDINGS].join('\n');
  const places = new Map(
    things.flatMap(({ place, examples }) => examples.map((example) => [example, place])),
  );
  return [...places].map(([example, place]) => {
    const text = codeOf(example, place);
    const isComplete = /^import /m.test(text);
    return {
      place,
      language: 'ts',
      heading: '',
      output: undefined,
      // In a block of its own, so that it may declare anew what its surroundings declare.
      text: isComplete ? text : `${prelude}\n{\n${text}\n}`,
    };
  });
}

function codeOf(example: string, place: string): string {
  const code = /^```ts\n(.+)\n```$/s.exec(example.trim())?.[1];
  if (code === undefined) throw new Error(`An example of ${place} is no single block of ts: ${example}`);
  return code;
}
