import { defer, from, isObservable } from 'rxjs';
// The root has no operators before 7.2.
import { mergeMap } from 'rxjs/operators';
import { CacheConfigurationError } from '../contract/errors.js';
import type { CacheableMethod, CacheMethodDecorator, DecoratorOptions } from './decorator-options.js';
import { collect, emittedIn, isEmissions, toEmissions } from './emissions.js';
import { cacheOf, declareCache } from './injected-cache.js';
import { type Advice, answer, type MethodCall } from './method-call.js';
import { type MethodSite, misused, readSite } from './method-site.js';

/** A method that is decorated, and how. */
interface Decoration<Method extends CacheableMethod> {
  readonly site: MethodSite;
  readonly original: (this: object, ...args: unknown[]) => unknown;
  readonly options: DecoratorOptions<Method>;
  readonly advice: Advice;
}

/**
 * Makes a decorator that wraps a method where it is declared: whoever looks at the method afterwards, Nest's router
 * included, finds the wrapper, with everything that was noted on the method.
 *
 * @param decorator its name, for messages
 * @param options what all decorators have in common
 * @param prepare reads the other options, once for each method
 */
export function decorateMethod<Method extends CacheableMethod>(
  decorator: string,
  options: DecoratorOptions<Method>,
  prepare: (site: MethodSite) => Advice,
): CacheMethodDecorator<Method> {
  return (prototype, property, descriptor) => {
    const { site, original } = readSite(decorator, prototype, property, descriptor);
    const decoration = { site, original, options, advice: prepare(site) };
    declareCache(prototype, options.cache);
    const wrapper = returnsObservable(site, options) ? wrapStream(decoration) : wrapPromise(decoration);
    keepIdentity(original, wrapper);
    Object.assign(descriptor, { value: wrapper });
  };
}

function wrapPromise<Method extends CacheableMethod>(decoration: Decoration<Method>) {
  const { site, original, options, advice } = decoration;
  const run = async (instance: object, args: readonly unknown[]): Promise<unknown> => {
    const cache = cacheOf(instance, options.cache, site);
    const proceed = async (): Promise<unknown> => {
      const result = await original.apply(instance, [...args]);
      if (isObservable(result)) throw misused(site, UNTOLD);
      return result;
    };
    if (answer(options.condition, ...args) === false) return await proceed();
    const toResult = (entry: unknown): unknown => {
      if (isEmissions(entry)) throw foreign(site, 'an Observable');
      return entry;
    };
    return await advice({ cache, instance, args, proceed, toEntry: (result) => result, toResult });
  };
  return function (this: object, ...args: unknown[]): Promise<unknown> {
    return refuseSubscribers(run(this, args), site);
  };
}

/** Where only the types know of an Observable, its first subscriber is told, rather than that a promise has no `pipe`. */
function refuseSubscribers(promise: Promise<unknown>, site: MethodSite): Promise<unknown> {
  const refuse = (): never => {
    // The caller gets this error; that of the call itself says the same.
    promise.catch(() => undefined);
    throw misused(site, UNTOLD);
  };
  return Object.defineProperties(promise, { pipe: { value: refuse }, subscribe: { value: refuse } });
}

/** Each subscriber calls the method anew, as with any Observable that does nothing before it has one. */
function wrapStream<Method extends CacheableMethod>(decoration: Decoration<Method>) {
  const { site, original, options, advice } = decoration;
  return function (this: object, ...args: unknown[]): unknown {
    return defer(() => {
      const cache = cacheOf(this, options.cache, site);
      const call = () => {
        const source = original.apply(this, args);
        if (isObservable(source)) return source;
        throw misused(site, 'the method returned no Observable, although its declaration says so');
      };
      if (answer(options.condition, ...args) === false) return call();
      const proceed: MethodCall['proceed'] = async () => await collect(call());
      const toResult = (entry: unknown): readonly unknown[] => {
        if (!isEmissions(entry)) throw foreign(site, 'a promise');
        return emittedIn(entry);
      };
      const result = advice({ cache, instance: this, args, proceed, toEntry: toEmissions, toResult });
      return from(result).pipe(mergeMap(toValues));
    });
  };
}

const UNTOLD =
  'an Observable is expected of the method, and nothing tells so before it is called: write its return type, with ' +
  "emitDecoratorMetadata in tsconfig.json and no 'import type' of Observable, or give the decorator " +
  "{ returns: 'observable' }";

function foreign(site: MethodSite, other: string): CacheConfigurationError {
  return misused(site, `found an entry of a method that returns ${other}: give one of them another key`);
}

function toValues(result: unknown): readonly unknown[] {
  return Array.isArray(result) ? result : [];
}

/** A hit never calls the method, so that its declaration must tell what it returns. */
function returnsObservable<Method extends CacheableMethod>(
  { prototype, property }: MethodSite,
  { returns }: DecoratorOptions<Method>,
): boolean {
  if (returns === 'observable') return true;
  const declared: unknown = Reflect.getMetadata('design:returntype', prototype, property);
  return typeof declared === 'function' && typeof declared.prototype?.subscribe === 'function';
}

/** Name, length and whatever decorators below this one have noted on the method: routes, guards, pipes. */
function keepIdentity(original: object, wrapper: object): void {
  for (const name of Reflect.ownKeys(original)) {
    const property = Object.getOwnPropertyDescriptor(original, name);
    if (property === undefined || name === 'prototype') continue;
    Object.defineProperty(wrapper, name, property);
  }
  for (const key of Reflect.getOwnMetadataKeys(original)) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, original), wrapper);
  }
}
