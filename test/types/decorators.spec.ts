import { expect, it } from '@jest/globals';
import { expectTypeOf } from 'expect-type';
import { type Observable, of } from 'rxjs';
import { Cacheable, type CachedResult, CacheEvict, CachePut } from '../../lib/index.js';

interface Profile {
  readonly id: number;
  readonly name: string;
  readonly tags?: readonly string[];
}

const ada: Profile = { id: 1, name: 'Ada' };

/** Never made: what matters is that it compiles. */
export class Inferred {
  @Cacheable()
  async withoutOptions(id: string): Promise<string> {
    return id;
  }

  @Cacheable({
    key: (id, page) => {
      expectTypeOf(id).toEqualTypeOf<string>();
      expectTypeOf(page).toEqualTypeOf<number | undefined>();
      return `${id}:${page}`;
    },
    ttl: (profile, id) => {
      expectTypeOf(profile).toEqualTypeOf<Profile>();
      expectTypeOf(id).toEqualTypeOf<string>();
      return '5m';
    },
    tags: (profile) => [profile.name],
    condition: (_id, page) => page !== 0,
    unless: (profile) => profile.name === '',
  })
  async find(_id: string, _page?: number): Promise<Profile> {
    return ada;
  }

  @Cacheable({
    key: '{0}',
    ttl: '5m',
    tags: (profiles) => {
      expectTypeOf(profiles).toEqualTypeOf<readonly Profile[]>();
      return profiles.map(({ name }) => name);
    },
  })
  watch(_id: bigint): Observable<Profile> {
    return of(ada);
  }

  @CachePut({
    key: (profile) => String(profile.id),
    ttl: (_saved, profile) => profile.id,
    unless: (saved) => !saved,
  })
  async save(_profile: Profile): Promise<boolean> {
    return true;
  }

  @CacheEvict({
    key: (id) => [`profile:${id.toFixed()}`],
    tags: (isGone, id) => {
      expectTypeOf(isGone).toEqualTypeOf<boolean>();
      return [String(id)];
    },
  })
  async remove(_id: number): Promise<boolean> {
    return true;
  }

  @CacheEvict({ key: ['profile:{0.id}', 'name:{0.name}:{1.0}'] })
  protected async removeSeveral(_profile: Profile, _names: string[]): Promise<void> {}

  @Cacheable({ key: '{0}:{2}:{3.a.b}' })
  async rest(
    _id: Date,
    ..._ids: [boolean, 'a' | 'b', { readonly a: { readonly b: number } }]
  ): Promise<void> {}

  @Cacheable({ key: '{5}' })
  async manyOf(..._ids: string[]): Promise<void> {}

  @Cacheable({ key: '{0.anything.at.all}' })
  async untold(_value: unknown): Promise<void> {}

  @Cacheable({ key: (value) => value })
  async generic<Value extends string>(value: Value): Promise<Value> {
    return value;
  }
}

/** Never called: what matters is what does not compile. */
export function refused(): unknown {
  class Refused {
    // @ts-expect-error -- there is no second argument
    @Cacheable({ key: 'profile:{1}' })
    async index(_id: string): Promise<void> {}

    // @ts-expect-error -- nor such a part of the first
    @Cacheable({ key: 'profile:{0.nickname}' })
    async part(_profile: Profile): Promise<void> {}

    // @ts-expect-error -- an object has no one way to be written
    @Cacheable({ key: 'profile:{0}' })
    async object(_profile: Profile): Promise<void> {}

    // @ts-expect-error -- it may be missing
    @Cacheable({ key: 'profile:{0}' })
    async optional(_id?: string): Promise<void> {}

    // @ts-expect-error -- a tuple has no third item
    @Cacheable({ key: '{0.2}' })
    async tuple(_pair: readonly [string, string]): Promise<void> {}

    // @ts-expect-error -- only one of two is right
    @Cacheable({ key: '{0}:{1}' })
    async second(_id: string, _list: string[]): Promise<void> {}

    // @ts-expect-error -- the argument is a string
    @Cacheable({ key: (id: number) => String(id) })
    async wrongArgument(_id: string): Promise<void> {}

    // @ts-expect-error -- there is one argument only
    @Cacheable({ key: (id: string, page: number) => id + page })
    async tooMany(_id: string): Promise<void> {}

    // @ts-expect-error -- a key is a string
    @Cacheable({ key: (id) => id })
    async noKey(_id: number): Promise<void> {}

    // @ts-expect-error -- the result has no such property
    @Cacheable({ tags: (profile) => [profile.nickname] })
    async wrongResult(): Promise<Profile> {
      return ada;
    }

    // @ts-expect-error -- no bare text as a duration
    @Cacheable({ ttl: 'soon' })
    async wrongTtl(): Promise<void> {}

    // @ts-expect-error -- the decorated method answers later, so this one must say so
    @Cacheable()
    synchronous(): string {
      return '';
    }

    // @ts-expect-error -- no instance, no cache
    @Cacheable()
    static async ofClass(): Promise<void> {}

    // @ts-expect-error -- there is no second argument
    @CachePut({ key: 'profile:{1}' })
    async put(_id: string): Promise<void> {}

    // @ts-expect-error -- there is no second argument
    @CacheEvict({ key: ['profile:{0}', 'avatar:{1}'] })
    async evict(_id: string): Promise<void> {}

    // @ts-expect-error -- a decorator that removes nothing needs its options
    @CacheEvict()
    async nothing(): Promise<void> {}
  }
  return Refused;
}

it('The result of a method is what it resolves with, or the list of what it emits', () => {
  expectTypeOf<CachedResult<() => Promise<Profile>>>().toEqualTypeOf<Profile>();
  expectTypeOf<CachedResult<() => Observable<Profile>>>().toEqualTypeOf<readonly Profile[]>();
  expect(() => new Inferred()).not.toThrow();
});
