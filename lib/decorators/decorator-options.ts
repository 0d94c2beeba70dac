import type { Observable } from 'rxjs';
import type { CacheLoadOptions } from '../contract/capabilities.js';
import type { Duration } from '../contract/duration.js';
import type { CheckedTemplate } from './key-template-types.js';

/**
 * What can be decorated: a method that answers a promise, or an Observable that completes.
 *
 * @param args whatever the method takes
 */
export type CacheableMethod = (...args: never[]) => Promise<unknown> | Observable<unknown>;

/** What a method resolves with; of an Observable the list of what it emits. */
export type CachedResult<Method extends CacheableMethod> =
  ReturnType<Method> extends Observable<infer Value> ? readonly Value[] : Awaited<ReturnType<Method>>;

/** What a decorator can stand above: a method of an instance. */
export interface DecoratedPrototype {
  /** The class. */
  readonly constructor: object;
  /** Only functions have it: a static method is refused. */
  readonly [Symbol.hasInstance]?: never;
}

/**
 * A decorator of one kind of method.
 *
 * @param prototype of the class
 * @param property the name of the method
 * @param descriptor of the method
 */
export type CacheMethodDecorator<Method extends CacheableMethod> = (
  prototype: DecoratedPrototype,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/** A template that names arguments which the method has. */
type TemplateOf<Method extends CacheableMethod, Template extends string> = Template &
  CheckedTemplate<Template, Parameters<Method>>;

/** Options of every decorator. */
export interface DecoratorOptions<Method extends CacheableMethod> {
  /** The name of the cache. Default: the unnamed one. */
  readonly cache?: string;
  /**
   * When it answers false, the method is called as if there were no decorator.
   *
   * @param args those of the call
   */
  readonly condition?: (...args: Parameters<Method>) => boolean;
  /**
   * That the method returns an Observable, where its declaration does not say so: the return type is inferred, or the
   * compiler does not emit decorator metadata.
   */
  readonly returns?: 'observable';
}

/** Options of a decorator that writes an entry. */
interface EntryOptions<
  Method extends CacheableMethod,
  Template extends string,
> extends DecoratorOptions<Method> {
  /**
   * The key: a template such as `'profile:{0}'` or `'{0.id}:{1}'`, or a function of the arguments. Default: class,
   * method and all arguments.
   */
  readonly key?: TemplateOf<Method, Template> | ((...args: Parameters<Method>) => string);
  /** How long the entry stays, in milliseconds or as a {@link Duration}, or a function of result and arguments. */
  readonly ttl?:
    | Duration
    | null
    | ((result: CachedResult<Method>, ...args: Parameters<Method>) => Duration | null | undefined);
  /** What the entry belongs to, or a function of result and arguments. */
  readonly tags?:
    readonly string[] | ((result: CachedResult<Method>, ...args: Parameters<Method>) => readonly string[]);
  /**
   * When it answers true, the result is not kept.
   *
   * @param result what the method answered
   * @param args those of the call
   */
  readonly unless?: (result: CachedResult<Method>, ...args: Parameters<Method>) => boolean;
}

/** Options of {@link Cacheable}; those about loading are the ones of `getOrSet`, and need a `ttl` that is no function. */
export interface CacheableOptions<Method extends CacheableMethod, Template extends string = string>
  extends EntryOptions<Method, Template>, Omit<CacheLoadOptions, 'ttl' | 'tags'> {}

/** Options of {@link CachePut}. */
export interface CachePutOptions<
  Method extends CacheableMethod,
  Template extends string = string,
> extends EntryOptions<Method, Template> {}

/** Options of {@link CacheEvict}: one of `key`, `tags` and `all` at least. */
export interface CacheEvictOptions<
  Method extends CacheableMethod,
  Template extends string = string,
> extends DecoratorOptions<Method> {
  /** Which entries go: templates such as `'profile:{0}'`, or a function of the arguments. */
  readonly key?:
    | TemplateOf<Method, Template>
    | readonly TemplateOf<Method, Template>[]
    | ((...args: Parameters<Method>) => string | readonly string[]);
  /** Whose entries go, or a function of result and arguments. */
  readonly tags?:
    readonly string[] | ((result: CachedResult<Method>, ...args: Parameters<Method>) => readonly string[]);
  /** Whether everything goes that the cache holds. */
  readonly all?: boolean;
}
