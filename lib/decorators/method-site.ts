import { CacheConfigurationError } from '../contract/errors.js';

/** The method that a decorator stands on. */
export interface MethodSite {
  /** Of the decorator, for messages: `@Cacheable`. */
  readonly decorator: string;
  /** The class that declares the method. */
  readonly owner: string;
  /** Of the method, as keys have it: `find`, `[refresh]` for a symbol. */
  readonly name: string;
  readonly property: string | symbol;
  readonly prototype: object;
}

/** Whatever a decorator may be handed by a compiler. */
type Decorated = (this: object, ...args: unknown[]) => unknown;

/**
 * Tells a method from everything else that a decorator can be written above.
 *
 * @returns the method's place and the method
 * @throws CacheConfigurationError when it is static, no method, or the compiler has no `experimentalDecorators`
 */
export function readSite(
  decorator: string,
  prototype: object,
  property: unknown,
  descriptor: PropertyDescriptor | undefined,
): { readonly site: MethodSite; readonly original: Decorated } {
  if (typeof property !== 'string' && typeof property !== 'symbol') {
    throw misplaced(
      decorator,
      'a method',
      'it needs "experimentalDecorators" in tsconfig.json, as Nest does',
    );
  }
  const place = `${ownerOf(prototype)}.${nameOf(property)}`;
  if (typeof prototype === 'function') {
    throw misplaced(decorator, place, 'a static method belongs to no instance that Nest gives a cache to');
  }
  const original: unknown = descriptor?.value;
  if (!isMethod(original)) throw misplaced(decorator, place, 'it stands above methods only');
  return {
    site: { decorator, owner: ownerOf(prototype), name: nameOf(property), property, prototype },
    original,
  };
}

/** Names the method for a person: `Profiles.find()`. */
export function labelOf({ owner, name }: MethodSite): string {
  return `${owner}.${name}()`;
}

/** The error of a decorator that was given what cannot work. */
export function misused(site: MethodSite, problem: string): CacheConfigurationError {
  return misplaced(site.decorator, labelOf(site), problem);
}

function misplaced(decorator: string, place: string, problem: string): CacheConfigurationError {
  return new CacheConfigurationError([`${decorator} of ${place}: ${problem}`]);
}

function ownerOf(target: object): string {
  return typeof target === 'function' ? target.name : target.constructor.name;
}

/** The name of a method, as keys have it. */
export function nameOf(property: string | symbol): string {
  return typeof property === 'string' ? property : `[${property.description ?? ''}]`;
}

function isMethod(value: unknown): value is Decorated {
  return typeof value === 'function';
}
