import { tracingChannel } from 'node:diagnostics_channel';
import { setTimeout as delay } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  applyDecorators,
  type CanActivate,
  Controller,
  type DynamicModule,
  type ExecutionContext,
  Get,
  HttpCode,
  Inject,
  Injectable,
  type INestApplication,
  Module,
  Param,
  ParseIntPipe,
  type PipeTransform,
  Scope,
  SetMetadata,
  type Type,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type NestInterceptor,
  type CallHandler,
} from '@nestjs/common';
import { ContextIdFactory, ExternalContextCreator, ModuleRef, Reflector, REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  concat,
  defer,
  EMPTY,
  firstValueFrom,
  from,
  lastValueFrom,
  map,
  Observable,
  of,
  throwError,
  toArray,
} from 'rxjs';
import {
  CACHE,
  Cacheable,
  CacheBatchError,
  CacheConfigurationError,
  CacheEvict,
  CacheHit,
  CacheKeyGenerationError,
  CacheMiss,
  type CacheOperation,
  CachePut,
  getCacheToken,
  type ICache,
  InMemoryCache,
  InMemoryCacheModule,
  InvalidCacheKeyError,
  RedisCacheModule,
} from '../../lib/index.js';
import { rejection } from '../support/rejection.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { secretsIn } from '../support/secret-search.js';

const redis = useRedisServer();
const apps: INestApplication[] = [];

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

const backends: readonly { backend: string; cacheModule: (name?: string) => DynamicModule }[] = [
  { backend: 'memory', cacheModule: (name) => InMemoryCacheModule.forRoot({ name }) },
  {
    backend: 'Redis',
    cacheModule: (name) => RedisCacheModule.forRoot({ ...redis.address, keyPrefix: redis.newPrefix(), name }),
  },
];

interface Parts {
  readonly caches?: readonly DynamicModule[];
  readonly providers?: readonly Type[];
  readonly controllers?: readonly Type[];
}

/** A started application; it is closed after the test. */
async function start({ caches = [InMemoryCacheModule.forRoot()], providers = [], controllers = [] }: Parts) {
  @Module({ imports: [...caches], providers: [...providers], controllers: [...controllers] })
  class AppModule {}
  const compiled = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const app = compiled.createNestApplication({ logger: false });
  apps.push(app);
  return await app.init();
}

/** A provider of an application with a cache in memory. */
async function provide<Provider>(type: Type<Provider>): Promise<{ service: Provider; cache: ICache }> {
  const app = await start({ providers: [type] });
  return { service: app.get(type), cache: app.get(CACHE) };
}

type Method = (...args: unknown[]) => Promise<unknown>;

/** A method as Nest takes it from an instance. */
function methodOf(instance: object, name: string): Method {
  const method: unknown = Reflect.get(instance, name);
  if (!isMethod(method)) throw new Error(`${name} is no method`);
  return method;
}

function isMethod(value: unknown): value is Method {
  return typeof value === 'function';
}

async function ask(app: INestApplication, path: string, method = 'GET') {
  if (app.getHttpServer().listening === false) await app.listen(0, '127.0.0.1');
  const response = await fetch(`${await app.getUrl()}${path}`, { method });
  return { status: response.status, body: await response.text() };
}

const nothing = (): void => undefined;

/** Tells of each operation that has ended, until it is told to stop. */
function onEnd(tell: (operation: CacheOperation) => void): () => void {
  const channel = tracingChannel<unknown, CacheOperation>('spakky:cache');
  const listeners = { start: nothing, end: nothing, asyncStart: nothing, asyncEnd: tell, error: nothing };
  channel.subscribe(listeners);
  return () => {
    channel.unsubscribe(listeners);
  };
}

/** What a method is called on, and how its calls reach it. */
interface Host {
  readonly host: string;
  readonly make: (cache: string | undefined) => Parts & {
    /** Asks for an item; answers what the method made of it. */
    readonly find: (app: INestApplication, id: string) => Promise<unknown>;
    /** How often the method was called. */
    readonly calls: () => number;
  };
}

const hosts: readonly Host[] = [
  {
    host: 'a singleton',
    make: (cache) => {
      let calls = 0;
      @Injectable()
      class Items {
        @Cacheable({ cache, key: 'item:{0}' })
        async find(id: string): Promise<string> {
          calls += 1;
          return `item ${id}`;
        }
      }
      return { providers: [Items], find: (app, id) => app.get(Items).find(id), calls: () => calls };
    },
  },
  {
    host: 'a request-scoped provider',
    make: (cache) => {
      let calls = 0;
      @Injectable({ scope: Scope.REQUEST })
      class Items {
        constructor(@Inject(REQUEST) private readonly request: { readonly kind: string }) {}

        @Cacheable({ cache, key: 'item:{0}' })
        async find(id: string): Promise<string> {
          calls += 1;
          return `${this.request.kind} ${id}`;
        }
      }
      return {
        providers: [Items],
        find: async (app, id) => {
          const context = ContextIdFactory.create();
          app.get(ModuleRef).registerRequestByContextId({ kind: 'item' }, context);
          return await (await app.resolve(Items, context)).find(id);
        },
        calls: () => calls,
      };
    },
  },
  {
    host: 'a transient provider',
    make: (cache) => {
      let calls = 0;
      @Injectable({ scope: Scope.TRANSIENT })
      class Items {
        @Cacheable({ cache, key: 'item:{0}' })
        async find(id: string): Promise<string> {
          calls += 1;
          return `item ${id}`;
        }
      }
      return {
        providers: [Items],
        find: async (app, id) => await (await app.resolve(Items)).find(id),
        calls: () => calls,
      };
    },
  },
  {
    host: 'a controller',
    make: (cache) => {
      let calls = 0;
      @Controller('items')
      class Items {
        @Get(':id')
        @Cacheable({ cache, key: 'item:{0}' })
        async find(@Param('id') id: string): Promise<string> {
          calls += 1;
          return `item ${id}`;
        }
      }
      return {
        controllers: [Items],
        find: async (app, id) => (await ask(app, `/items/${id}`)).body,
        calls: () => calls,
      };
    },
  },
  {
    host: 'a request-scoped controller',
    make: (cache) => {
      let calls = 0;
      @Controller({ path: 'items', scope: Scope.REQUEST })
      class Items {
        @Cacheable({ cache, key: 'item:{0}' })
        @Get(':id')
        async find(@Param('id') id: string): Promise<string> {
          calls += 1;
          return `item ${id}`;
        }
      }
      return {
        controllers: [Items],
        find: async (app, id) => (await ask(app, `/items/${id}`)).body,
        calls: () => calls,
      };
    },
  },
  {
    host: 'an inherited method',
    make: (cache) => {
      let calls = 0;
      abstract class Base {
        protected abstract readonly kind: string;

        @Cacheable({ cache, key: 'item:{0}' })
        async find(id: string): Promise<string> {
          calls += 1;
          return `${this.kind} ${id}`;
        }
      }
      @Injectable()
      class Items extends Base {
        protected readonly kind = 'item';
      }
      return { providers: [Items], find: (app, id) => app.get(Items).find(id), calls: () => calls };
    },
  },
  {
    host: 'an Observable',
    make: (cache) => {
      let calls = 0;
      @Injectable()
      class Items {
        @Cacheable({ cache, key: 'item:{0}' })
        find(id: string): Observable<string> {
          calls += 1;
          return of('item', id);
        }
      }
      return {
        providers: [Items],
        find: async (app, id) => (await lastValueFrom(app.get(Items).find(id).pipe(toArray()))).join(' '),
        calls: () => calls,
      };
    },
  },
  {
    host: 'an Observable of a controller',
    make: (cache) => {
      let calls = 0;
      @Controller('items')
      class Items {
        @Cacheable({ cache, key: 'item:{0}', returns: 'observable' })
        @Get(':id')
        find(@Param('id') id: string) {
          calls += 1;
          return of(`item ${id}`);
        }
      }
      return {
        controllers: [Items],
        find: async (app, id) => (await ask(app, `/items/${id}`)).body,
        calls: () => calls,
      };
    },
  },
];

const matrix = hosts.flatMap((host) => backends.map((backend) => ({ ...host, ...backend })));

describe('@Cacheable', () => {
  it.each(matrix)('calls $host once for each key, with $backend', async ({ make, cacheModule }) => {
    const { find, calls, ...parts } = make(undefined);
    const app = await start({ ...parts, caches: [cacheModule()] });
    expect(await find(app, '1')).toBe('item 1');
    expect(await find(app, '1')).toBe('item 1');
    expect(calls()).toBe(1);
    expect(await find(app, '2')).toBe('item 2');
    expect(calls()).toBe(2);
    expect(await app.get<ICache>(CACHE).delete('item:1')).toBe(true);
    await find(app, '1');
    expect(calls()).toBe(3);
  });

  it.each(matrix)('keeps results of $host in the cache that it names, with $backend', async (row) => {
    const { find, calls, ...parts } = row.make('two');
    const app = await start({ ...parts, caches: [row.cacheModule('one'), row.cacheModule('two')] });
    await find(app, '1');
    expect(await find(app, '1')).toBe('item 1');
    expect(calls()).toBe(1);
    expect((await app.get<ICache>(getCacheToken('one')).get('item:1')).hit).toBe(false);
    expect((await app.get<ICache>(getCacheToken('two')).get('item:1')).hit).toBe(true);
  });
});

/** Wraps a method without a thought for what was noted on it, as many decorators do. */
function Shout(): MethodDecorator {
  return (_prototype, _property, descriptor: PropertyDescriptor) => {
    const original: unknown = descriptor.value;
    if (typeof original !== 'function') return;
    descriptor.value = async function (this: unknown, ...args: unknown[]) {
      return `${await Reflect.apply(original, this, args)}!`;
    };
  };
}

class Refuse13 implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const [request] = context.getArgs<[{ params: { id: string } }]>();
    return request.params.id !== '13';
  }
}

@Injectable()
class OnlyPublic implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    return this.reflector.get<boolean | undefined>('public', context.getHandler()) ?? false;
  }
}

class InBrackets implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler<unknown>): Observable<string> {
    return next.handle().pipe(map((body) => `(${String(body)})`));
  }
}

class Halve implements PipeTransform {
  transform(value: unknown): unknown {
    return String(Number(value) / 2);
  }
}

interface Companion {
  readonly companion: string;
  readonly decorator: () => MethodDecorator;
  /** What the route answers twice, and what is kept under the key of its argument. */
  readonly answers: {
    readonly status?: number;
    readonly body: string;
    readonly key: string;
    readonly kept: string;
  };
}

const companions: readonly Companion[] = [
  {
    companion: 'a route',
    decorator: () => Get(':id'),
    answers: { body: 'item 4', key: 'item:4', kept: 'item 4' },
  },
  {
    companion: 'a pipe',
    decorator: () => applyDecorators(Get(':id'), UsePipes(Halve)),
    answers: { body: 'item 2', key: 'item:2', kept: 'item 2' },
  },
  {
    companion: 'an interceptor',
    decorator: () => applyDecorators(Get(':id'), UseInterceptors(InBrackets)),
    answers: { body: '(item 4)', key: 'item:4', kept: 'item 4' },
  },
  {
    companion: 'a status',
    decorator: () => applyDecorators(Get(':id'), HttpCode(203)),
    answers: { status: 203, body: 'item 4', key: 'item:4', kept: 'item 4' },
  },
];

const orders = [
  {
    order: 'above',
    compose: (ours: MethodDecorator, other: MethodDecorator) => applyDecorators(ours, other),
  },
  {
    order: 'below',
    compose: (ours: MethodDecorator, other: MethodDecorator) => applyDecorators(other, ours),
  },
] as const;

/** An application with one route, on which both decorators stand. */
async function serve(decorate: MethodDecorator) {
  let calls = 0;
  @Controller('items')
  class Items {
    @decorate
    async find(@Param('id', ParseIntPipe) id: number): Promise<string> {
      calls += 1;
      return `item ${id}`;
    }
  }
  const app = await start({ controllers: [Items] });
  return { app, calls: () => calls, cache: app.get<ICache>(CACHE) };
}

const cached: MethodDecorator = (prototype, property, descriptor) => {
  Reflect.apply(Cacheable({ key: (id: number) => `item:${id}` }), undefined, [
    prototype,
    property,
    descriptor,
  ]);
};

describe('A decorated method of a controller', () => {
  it.each(companions.flatMap((companion) => orders.map((order) => ({ ...companion, ...order }))))(
    'keeps what $companion does when it stands $order it',
    async ({ decorator, compose, answers: { status = 200, body, key, kept } }) => {
      const { app, calls, cache } = await serve(compose(cached, decorator()));
      expect(await ask(app, '/items/4')).toEqual({ status, body });
      expect(await ask(app, '/items/4')).toEqual({ status, body });
      expect(calls()).toBe(1);
      expect(await cache.get(key)).toEqual(new CacheHit(kept));
      expect((await ask(app, '/items/four')).status).toBe(400);
    },
  );

  it.each(orders)(
    'is guarded before the cache is asked, with the decorator $order the guard',
    async ({ compose }) => {
      const { app, calls, cache } = await serve(
        compose(cached, applyDecorators(Get(':id'), UseGuards(Refuse13))),
      );
      await cache.set('item:13', 'secret');
      expect((await ask(app, '/items/13')).status).toBe(403);
      expect((await ask(app, '/items/12')).body).toBe('item 12');
      expect(calls()).toBe(1);
    },
  );

  it.each(orders)(
    'shows what is noted on it to a guard, with the decorator $order the note',
    async ({ compose }) => {
      const noted = compose(cached, SetMetadata('public', true));
      const { app } = await serve(applyDecorators(UseGuards(OnlyPublic), noted, Get(':id')));
      expect((await ask(app, '/items/1')).body).toBe('item 1');
      const without = await serve(applyDecorators(UseGuards(OnlyPublic), cached, Get(':id')));
      expect((await ask(without.app, '/items/1')).status).toBe(403);
    },
  );

  it('keeps the result of a wrapper below it, and is called by one above it', async () => {
    const below = await serve(applyDecorators(Shout(), cached, Get(':id')));
    await ask(below.app, '/items/1');
    expect((await ask(below.app, '/items/1')).body).toBe('item 1!');
    expect(below.calls()).toBe(1);
    expect(await below.cache.get('item:1')).toEqual(new CacheHit('item 1!'));
    const above = await serve(applyDecorators(cached, Shout(), Get(':id')));
    await ask(above.app, '/items/1');
    expect((await ask(above.app, '/items/1')).body).toBe('item 1!');
    expect(above.calls()).toBe(1);
    expect(await above.cache.get('item:1')).toEqual(new CacheHit('item 1'));
  });

  it('keeps its name, its length and its own properties', async () => {
    class Items {
      @Cacheable()
      async find(first: string, second: string): Promise<string> {
        return first + second;
      }
    }
    expect([Items.prototype.find.name, Items.prototype.find.length]).toEqual(['find', 2]);
    expect(Object.keys(new Items())).toEqual([]);
  });
});

describe('A decorated method of a resolver', () => {
  it('is called as Nest calls resolvers: with its guards, and through the cache', async () => {
    let calls = 0;
    let asked = 0;
    class Count implements CanActivate {
      canActivate(): boolean {
        asked += 1;
        return true;
      }
    }
    @Injectable()
    class ItemsResolver {
      @Cacheable({ key: 'item:{0}' })
      @UseGuards(Count)
      async item(id: unknown): Promise<string> {
        calls += 1;
        return `item ${String(id)}`;
      }
    }
    const app = await start({ providers: [ItemsResolver] });
    const resolver = app.get(ItemsResolver);
    const handler = app.get(ExternalContextCreator).create(resolver, methodOf(resolver, 'item'), 'item');
    expect([await handler('1'), await handler('1')]).toEqual(['item 1', 'item 1']);
    expect({ calls, asked }).toEqual({ calls: 1, asked: 2 });
  });

  /** As @nestjs/graphql finds the arguments of a resolver in (parent, args, context, info). */
  const paramsFactory = {
    exchangeKeyForValue: (_type: number, data: unknown, args: readonly unknown[]): unknown =>
      Reflect.get(Object(args[1]), String(data)),
  };
  const ROUTE_ARGS = '__routeArguments__';

  /** As its `@Args('id', ParseIntPipe)`. */
  function describeId(resolver: Type): void {
    Reflect.defineMetadata(
      ROUTE_ARGS,
      { '3:0': { index: 0, data: 'id', pipes: [ParseIntPipe] } },
      resolver,
      'item',
    );
  }

  it('is found on the prototype, inherited or not, and its key is made of what the pipes answer', async () => {
    let calls = 0;
    abstract class Base {
      protected abstract readonly kind: string;

      @Cacheable({ key: 'item:{0}' })
      async item(id: number): Promise<string> {
        calls += 1;
        return `${this.kind} ${id + 1}`;
      }
    }
    @Injectable()
    class ItemsResolver extends Base {
      protected readonly kind = 'item';
    }
    describeId(ItemsResolver);
    const app = await start({ providers: [ItemsResolver] });
    const handler = app
      .get(ExternalContextCreator)
      .create(
        app.get(ItemsResolver),
        methodOf(ItemsResolver.prototype, 'item'),
        'item',
        ROUTE_ARGS,
        paramsFactory,
        undefined,
        undefined,
        undefined,
        'graphql',
      );
    const resolve = (id: string) => handler({}, { id }, { request: {} }, {});
    expect([await resolve('1'), await resolve('01'), await resolve('2')]).toEqual([
      'item 2',
      'item 2',
      'item 3',
    ]);
    expect(calls).toBe(2);
    expect(await app.get<ICache>(CACHE).get('item:1')).toMatchObject({ value: 'item 2' });
  });

  it('finds the entry of an earlier operation when the resolver is made anew for each', async () => {
    const instances = new Set<object>();
    let calls = 0;
    @Injectable({ scope: Scope.REQUEST })
    class ItemsResolver {
      constructor(@Inject(REQUEST) private readonly context: { readonly kind: string }) {
        instances.add(this);
      }

      @Cacheable({ key: 'item:{0}' })
      async item(id: number): Promise<string> {
        calls += 1;
        return `${this.context.kind} ${id}`;
      }
    }
    describeId(ItemsResolver);
    const app = await start({ providers: [ItemsResolver] });
    const resolve = async (id: string) => {
      const contextId = ContextIdFactory.create();
      app.get(ModuleRef).registerRequestByContextId({ kind: 'item' }, contextId);
      const resolver = await app.resolve(ItemsResolver, contextId);
      const handler = app
        .get(ExternalContextCreator)
        .create(
          resolver,
          methodOf(resolver, 'item'),
          'item',
          ROUTE_ARGS,
          paramsFactory,
          contextId,
          undefined,
          undefined,
          'graphql',
        );
      return await handler({}, { id }, {}, {});
    };
    expect([await resolve('1'), await resolve('1'), await resolve('2')]).toEqual([
      'item 1',
      'item 1',
      'item 2',
    ]);
    expect({ calls, instances: instances.size }).toEqual({ calls: 2, instances: 3 });
  });

  it('gets all that GraphQL passes where no parameter is declared, which a default key refuses', async () => {
    @Injectable()
    class ItemsResolver {
      @Cacheable()
      async byDefault(..._args: unknown[]): Promise<string> {
        return 'never';
      }
      @Cacheable({ key: '{1.id}' })
      async byTemplate(_parent: object, args: { readonly id: string }): Promise<string> {
        return `item ${args.id}`;
      }
    }
    const app = await start({ providers: [ItemsResolver] });
    const resolver = app.get(ItemsResolver);
    const resolve = async (name: string) => {
      const handler = app.get(ExternalContextCreator).create(resolver, methodOf(resolver, name), name);
      const request: Record<string, unknown> = {};
      request['res'] = { req: request };
      return await handler({}, { id: '1' }, { req: request }, {});
    };
    expect(await resolve('byTemplate')).toBe('item 1');
    expect(await rejection(resolve('byDefault'))).toBeInstanceOf(CacheKeyGenerationError);
  });
});

function makeItems() {
  @Injectable()
  class Items {
    @Cacheable()
    async find(id: string): Promise<string> {
      return id;
    }
  }
  return Items;
}

function makeBase(Parent: new () => object) {
  class Base extends Parent {
    @Cacheable()
    async find(id: string): Promise<string> {
      return id;
    }
  }
  return Base;
}

describe('A key', () => {
  interface User {
    readonly id: string;
    readonly roles?: readonly string[];
  }

  @Injectable()
  class Keys {
    @Cacheable({ key: '{0}:{1}' })
    async both(_one: string, _other: string): Promise<boolean> {
      return true;
    }
    @Cacheable({ key: '{0.id}/{1.0}' })
    async parts(_user: User, _list: readonly (number | bigint | boolean | Date)[]): Promise<boolean> {
      return true;
    }
    @Cacheable({ key: (user, index) => `${user.id}#${index}` })
    async made(_user: User, _index: number): Promise<boolean> {
      return true;
    }
    @Cacheable({ key: '{0.roles.0}' })
    async deep(_user: unknown): Promise<boolean> {
      return true;
    }
    @Cacheable({ key: 'one:{0}' })
    async one(_value: unknown): Promise<boolean> {
      return true;
    }
    @Cacheable()
    async any(..._args: unknown[]): Promise<boolean> {
      return true;
    }
  }

  const long = 'x'.repeat(1_025);
  const foreignDate: unknown = runInNewContext('new Date(0)');

  it.each<[string, (keys: Keys) => Promise<boolean>, string]>([
    ['of two texts', (keys) => keys.both('a', 'b'), 'a:b'],
    ['of a text with the separator, first', (keys) => keys.both('a:b', 'c'), 'a%3Ab:c'],
    ['of a text with the separator, second', (keys) => keys.both('a', 'b:c'), 'a:b%3Ac'],
    ['of a text that looks escaped', (keys) => keys.both('a%3Ab', 'c'), 'a%253Ab:c'],
    ['of parts', (keys) => keys.parts({ id: 'a/b' }, [7]), 'a%2Fb/7'],
    ['of a bigint', (keys) => keys.parts({ id: 'é' }, [7n]), 'é/7'],
    ['of a Date', (keys) => keys.parts({ id: '' }, [new Date(0)]), '/1970-01-01T00%3A00%3A00.000Z'],
    ['of a Date of another realm', (keys) => keys.one(foreignDate), 'one:1970-01-01T00%3A00%3A00.000Z'],
    ['of a function', (keys) => keys.made({ id: 'a' }, 2), 'a#2'],
    ['by default', (keys) => keys.any('a', 1, null, true, 2n), 'Keys.any("a",1,null,true,2n)'],
    ['by default, of no argument', (keys) => keys.any(), 'Keys.any()'],
    ['by default, of missing ones', (keys) => keys.any('a', undefined), 'Keys.any("a")'],
    ['by default, of a number', (keys) => keys.any(1), 'Keys.any(1)'],
    ['by default, of its text', (keys) => keys.any('1'), 'Keys.any("1")'],
    ['by default, of odd numbers', (keys) => keys.any(NaN, -0, Infinity), 'Keys.any(NaN,-0,Infinity)'],
    ['by default, of properties', (keys) => keys.any({ b: [1], a: {} }), 'Keys.any({"a":{},"b":[1]})'],
    [
      'by default, of other properties',
      (keys) => keys.any({ a: {}, b: ['1'] }),
      'Keys.any({"a":{},"b":["1"]})',
    ],
    ['by default, of a Date', (keys) => keys.any(new Date(0)), 'Keys.any(Date(1970-01-01T00:00:00.000Z))'],
    ['by default, of a Map', (keys) => keys.any(new Map([['a', 1]])), 'Keys.any(Map([["a",1]]))'],
    ['by default, of a Set', (keys) => keys.any(new Set([1])), 'Keys.any(Set([1]))'],
    ['by default, of bytes', (keys) => keys.any(Buffer.from('ab')), 'Keys.any(Bytes(6162))'],
    ['by default, of an instance', (keys) => keys.any(new Page(2)), 'Keys.any(Page{"number":2})'],
    ['by default, of a lone surrogate', (keys) => keys.any('\ud800'), String.raw`Keys.any("\ud800")`],
  ])('%s is readable', async (_what, call, key) => {
    const { service, cache } = await provide(Keys);
    await call(service);
    expect(await cache.get(key)).toEqual(new CacheHit(true));
  });

  class Page {
    constructor(readonly number: number) {}
  }
  class Secret {
    readonly #value = 1;
    get value() {
      return this.#value;
    }
  }
  const own = { b: { value: 1, enumerable: true } };
  const circle: unknown[] = [];
  circle.push(circle);
  const deep = Array.from({ length: 100 }).reduce<unknown>((inner) => [inner], 1);

  it.each<[string, (keys: Keys) => Promise<boolean>, RegExp]>([
    ['a function', (keys) => keys.any({ a: [() => 1] }), /Keys\.any\(\).*\$\[0\]\.a\[0\].*is a function/],
    ['a symbol', (keys) => keys.any(Symbol('s')), /is a symbol/],
    ['a circle', (keys) => keys.any(circle), /contains itself/],
    ['depth', (keys) => keys.any(deep), /deeper than 64 levels/],
    ['an invalid Date', (keys) => keys.any(new Date(NaN)), /is an invalid date/],
    ['hidden state', (keys) => keys.any(new Secret()), /is a Secret without a property/],
    [
      'state of the engine',
      (keys) => keys.any(Promise.resolve()),
      /is a Promise, which has no canonical form/,
    ],
    [
      'inherited state',
      (keys) => keys.any(Object.create({ a: 1 }, own)),
      /is a Object, which has no canonical form/,
    ],
    ['symbols as properties', (keys) => keys.any({ [Symbol('s')]: 1 }), /has a symbol as a property/],
    ['an argument that is undefined', (keys) => keys.one(undefined), /Keys\.one\(\): \{0\} is undefined/],
    ['a part that is null', (keys) => keys.deep({ roles: [null] }), /\{0\.roles\.0\} is null/],
    ['a part of nothing', (keys) => keys.deep(null), /\{0\.roles\.0\} is undefined/],
    ['an object in a template', (keys) => keys.one({}), /\{0\} is of type object/],
    ['an invalid Date in a template', (keys) => keys.one(new Date(NaN)), /is an invalid Date/],
  ])('cannot be made of %s', async (_what, call, message) => {
    const { service } = await provide(Keys);
    const error = await rejection(call(service));
    expect(error).toBeInstanceOf(CacheKeyGenerationError);
    expect(String(error)).toMatch(message);
  });

  it('that is too long or empty is refused with the name of the method', async () => {
    const { service } = await provide(Keys);
    const errors = [await rejection(service.any(long)), await rejection(service.both(long, 'a'))];
    expect(errors).toEqual([expect.any(InvalidCacheKeyError), expect.any(InvalidCacheKeyError)]);
    expect(String(errors[0])).toMatch(/@Cacheable of Keys\.any\(\).* bytes in UTF-8/);
    expect(String(errors[1])).toContain('Keys.both()');
  });

  it.each([
    ['', /is empty/],
    ['a{b}', /has \{b\}/],
    ['a{0', /brace without its partner/],
    ['a%{0}', /or a %/],
    ['{0}{1}', /nothing in between/],
    ['{0.}', /has \{0\.\}/],
  ])('is no template: %j', (key, message) => {
    const declare = () => {
      class Items {
        @Cacheable({ key })
        async find(_id: string, _other: string): Promise<void> {}
      }
      return Items;
    };
    expect(declare).toThrow(CacheConfigurationError);
    expect(declare).toThrow(message);
  });

  it('names the method by its symbol, and no two methods alike', async () => {
    const find: unique symbol = Symbol('find');
    @Injectable()
    class Items {
      @Cacheable()
      async [find](id: string): Promise<string> {
        return id;
      }
    }
    const { service, cache } = await provide(Items);
    await service[find]('1');
    expect(await cache.get('Items.[find]("1")')).toEqual(new CacheHit('1'));
    const twin: unique symbol = Symbol('find');
    expect(() => {
      class Twins {
        @Cacheable()
        async [find](): Promise<void> {}
        async [twin](): Promise<void> {}
      }
      return Twins;
    }).toThrow(/another method is \[find\]/);
    expect(() => {
      class Twins {
        @Cacheable()
        async [find](): Promise<void> {}
        async '[find]'(): Promise<void> {}
      }
      return Twins;
    }).toThrow(/another method is \[find\]/);
  });

  it('is not shared by two classes of one name', async () => {
    const [One, Other] = [makeItems(), makeItems()];
    const app = await start({ providers: [One, Other] });
    expect(await app.get(One).find('1')).toBe('1');
    const error = await rejection(app.get(Other).find('1'));
    expect(error).toBeInstanceOf(CacheKeyGenerationError);
    expect(String(error)).toContain('Two classes are named Items');
  });

  it('may be made by two classes of one name, of methods that are not', async () => {
    const One = makeItems();
    @Injectable()
    class Listing {
      @Cacheable()
      async list(id: string): Promise<string> {
        return `list ${id}`;
      }
    }
    Object.defineProperty(Listing, 'name', { value: 'Items' });
    const app = await start({ providers: [One, Listing] });
    expect([await app.get(One).find('1'), await app.get(Listing).list('1')]).toEqual(['1', 'list 1']);
    expect(await app.get<ICache>(CACHE).get('Items.list("1")')).toEqual(new CacheHit('list 1'));
  });

  it('is not shared by two classes of one name that one class derives from', async () => {
    const Lower = makeBase(Object);
    const Upper = makeBase(Lower);
    @Injectable()
    class Items extends Upper {}
    const { service } = await provide(Items);
    expect(await service.find('1')).toBe('1');
    const below = methodOf(Lower.prototype, 'find');
    const error = await rejection(Reflect.apply(below, service, ['1']));
    expect(String(error)).toContain('Two classes are named Base');
  });

  it.each([
    { kind: 'by default', key: undefined },
    { kind: 'of a template that both have', key: 'item:{0}' },
  ])('of an overriding method that calls the one it overrides ends well, $kind', async ({ key }) => {
    let calls = 0;
    class Base {
      @Cacheable({ key })
      async find(id: string): Promise<string> {
        calls += 1;
        return `item ${id}`;
      }
    }
    @Injectable()
    class Items extends Base {
      @Cacheable({ key })
      override async find(id: string): Promise<string> {
        return `my ${await super.find(id)}`;
      }
    }
    @Injectable()
    class Others extends Base {}
    const app = await start({ providers: [Items, Others] });
    expect(await app.get(Items).find('1')).toBe('my item 1');
    expect(await app.get(Items).find('1')).toBe('my item 1');
    expect(calls).toBe(1);
    if (key === undefined) expect(await app.get(Others).find('1')).toBe('item 1');
  });
});

describe('An overriding method whose time to live is a function', () => {
  it('keeps its own result only, under the key of the one that it calls', async () => {
    class Base {
      @Cacheable({ key: 'item' })
      async find(): Promise<string> {
        return 'item';
      }
    }
    @Injectable()
    class Items extends Base {
      @Cacheable({ key: 'item', ttl: () => '1m' })
      override async find(): Promise<string> {
        return `my ${await super.find()}`;
      }
    }
    const app = await start({ providers: [Items] });
    expect(await app.get(Items).find()).toBe('my item');
    expect(app.get<InMemoryCache>(CACHE).metrics().writes).toBe(1);
  });
});

describe('What @Cacheable keeps', () => {
  it.each([[null], [undefined], [0], ['']])('may be %j', async (value) => {
    let calls = 0;
    @Injectable()
    class Items {
      @Cacheable({ key: 'item' })
      async find(): Promise<unknown> {
        calls += 1;
        return value;
      }
    }
    const { service } = await provide(Items);
    expect([await service.find(), await service.find(), calls]).toEqual([value, value, 1]);
  });

  it.each(backends)('is made once for all who ask at once, with $backend', async ({ cacheModule }) => {
    let calls = 0;
    @Injectable()
    class Items {
      @Cacheable({ key: 'item:{0}', waitFor: '5s' })
      async find(id: string): Promise<string> {
        calls += 1;
        await delay(20);
        return id;
      }
    }
    const app = await start({ caches: [cacheModule()], providers: [Items] });
    const found = await Promise.all(Array.from({ length: 100 }, () => app.get(Items).find('1')));
    expect([new Set(found), calls]).toEqual([new Set(['1']), 1]);
  });

  it('is nothing when the method fails, or an Observable does', async () => {
    let calls = 0;
    @Injectable()
    class Items {
      @Cacheable({ key: 'item' })
      async find(): Promise<void> {
        calls += 1;
        throw new Error('away');
      }
      @Cacheable({ key: 'items' })
      watch(): Observable<number> {
        calls += 1;
        return concat(
          of(1),
          throwError(() => new Error('cut')),
        );
      }
    }
    const { service, cache } = await provide(Items);
    for (let round = 0; round < 2; round += 1) {
      expect(String(await rejection(service.find()))).toBe('Error: away');
      expect(String(await rejection(lastValueFrom(service.watch())))).toBe('Error: cut');
    }
    expect(calls).toBe(4);
    expect([await cache.get('item'), await cache.get('items')]).toEqual([
      CacheMiss.instance,
      CacheMiss.instance,
    ]);
  });

  it('is everything that an Observable emits, nothing included', async () => {
    let calls = 0;
    @Injectable()
    class Items {
      @Cacheable({ key: 'list:{0}' })
      list(numbers: string): Observable<string> {
        calls += 1;
        return numbers === '' ? EMPTY : from(numbers.split(','));
      }
    }
    const { service } = await provide(Items);
    const all = (numbers: string) => lastValueFrom(service.list(numbers).pipe(toArray()));
    expect([await all('1,2'), await all('1,2'), await all(''), await all('')]).toEqual([
      ['1', '2'],
      ['1', '2'],
      [],
      [],
    ]);
    expect(calls).toBe(2);
    expect(await firstValueFrom(service.list('1,2'))).toBe('1');
    service.list('without a subscriber');
    expect(calls).toBe(2);
  });

  it('depends on its conditions: of the arguments, and of the result', async () => {
    let calls = 0;
    @Injectable()
    class Items {
      @Cacheable({
        key: 'item:{0}',
        condition: (_id, options) => options?.fresh !== true,
        unless: (item, id) => item === null && id !== 'known',
      })
      async find(_id: string, _options?: { readonly fresh?: boolean }): Promise<string | null> {
        calls += 1;
        await delay(5);
        return null;
      }
      @Cacheable({
        key: 'items:{0}',
        condition: (id) => id !== 'live',
        unless: (values) => values.length > 1,
      })
      list(id: string): Observable<string> {
        calls += 1;
        return of(...id.split(','));
      }
    }
    const { service, cache } = await provide(Items);
    const answers = await Promise.all([service.find('1'), service.find('1'), service.find('1')]);
    expect(answers).toEqual([null, null, null]);
    expect([(await cache.get('item:1')).hit, calls]).toEqual([false, 3]);
    await service.find('known');
    await service.find('known');
    expect(calls).toBe(4);
    await service.find('known', { fresh: true });
    expect(calls).toBe(5);
    for (const id of ['a,b', 'a', 'live', 'a,b', 'a', 'live']) await lastValueFrom(service.list(id));
    expect(calls).toBe(10);
  });

  it('is the new result, if that is not to be kept, and not an old one that may still serve', async () => {
    let now = 0;
    const found = ['old', null];
    @Injectable()
    class Items {
      @Cacheable({ key: 'item', ttl: '1m', staleFor: '1h', unless: (item) => item === null })
      async find(): Promise<string | null> {
        const [item = 'none'] = found.splice(0, 1);
        return item;
      }
    }
    const app = await start({
      caches: [InMemoryCacheModule.forRoot({ clock: () => now })],
      providers: [Items],
    });
    expect(await app.get(Items).find()).toBe('old');
    now = 90_000;
    expect(await app.get(Items).find()).toBe(null);
  });

  it('is a miss for who watches, if it is not to be kept: no failure, and nobody is told the result', async () => {
    @Injectable()
    class Items {
      @Cacheable({ key: 'item', unless: (item) => item.secret !== undefined })
      async find(): Promise<{ readonly secret?: string }> {
        await delay(5);
        return { secret: 'S3CRET' };
      }
    }
    const app = await start({ providers: [Items] });
    const told: CacheOperation[] = [];
    const stop = onEnd((operation) => void told.push(operation));
    const found = await Promise.all([app.get(Items).find(), app.get(Items).find()]);
    expect(found).toEqual([{ secret: 'S3CRET' }, { secret: 'S3CRET' }]);
    stop();
    expect(told.map(({ operation, hits, misses }) => [operation, hits, misses])).toEqual([
      ['getOrSet', 0, 1],
      ['getOrSet', 0, 1],
    ]);
    expect(told.every((operation) => operation.error === undefined)).toBe(true);
    expect(secretsIn(told, ['S3CRET'])).toEqual([]);
    expect(app.get<InMemoryCache>(CACHE).metrics()).toMatchObject({ misses: 1, loads: 1, loadFailures: 0 });
  });

  it('is there for what a load has left behind, which is no part of it', async () => {
    const later: Promise<string>[] = [];
    let calls = 0;
    @Injectable()
    class Items {
      @Cacheable({ key: 'item' })
      async find(): Promise<string> {
        calls += 1;
        if (calls === 1) later.push(delay(30).then(() => this.find()));
        return `call ${calls}`;
      }
    }
    const { service } = await provide(Items);
    expect([await service.find(), ...(await Promise.all(later)), calls]).toEqual(['call 1', 'call 1', 1]);
  });

  it('stays as long, and has the tags, that result and arguments tell', async () => {
    let now = 0;
    let calls = 0;
    @Injectable()
    class Items {
      @Cacheable({
        key: 'item:{0}',
        ttl: (item, id) => (id === 'short' ? item.seconds * 1_000 : '1h'),
        tags: (item, id) => [`seconds:${item.seconds}`, id],
      })
      async find(_id: string): Promise<{ readonly seconds: number }> {
        calls += 1;
        return { seconds: 5 };
      }
      @Cacheable({ key: 'tagged:{0}', ttl: '1h', tags: (values, id) => [id, ...values] })
      list(id: string): Observable<string> {
        calls += 1;
        return of(`of ${id}`);
      }
    }
    const app = await start({
      caches: [InMemoryCacheModule.forRoot({ clock: () => now })],
      providers: [Items],
    });
    const items = app.get(Items);
    const cache = app.get<InMemoryCache>(CACHE);
    await items.find('short');
    await items.find('long');
    now = 5_000;
    expect([(await cache.get('item:short')).hit, (await cache.get('item:long')).hit]).toEqual([false, true]);
    await cache.evictTags('long');
    expect((await cache.get('item:long')).hit).toBe(false);
    await items.find('long');
    await items.find('long');
    expect(calls).toBe(3);
    await cache.evictTags('seconds:5');
    expect((await cache.get('item:long')).hit).toBe(false);
    await lastValueFrom(items.list('a'));
    await lastValueFrom(items.list('a'));
    expect(calls).toBe(4);
    await cache.evictTags('of a');
    expect((await cache.get('tagged:a')).hit).toBe(false);
  });

  it('is no promise where an Observable is expected, nor the other way round', async () => {
    @Injectable()
    class Items {
      @Cacheable({ key: 'same' })
      async find(): Promise<string> {
        return 'one';
      }
      @Cacheable({ key: 'same' })
      list(): Observable<string> {
        return of('one');
      }
      @Cacheable({ key: 'untold' })
      untold() {
        return of('one');
      }
    }
    const { service, cache } = await provide(Items);
    await service.find();
    expect(String(await rejection(lastValueFrom(service.list())))).toMatch(/Items\.list\(\): found an entry/);
    await cache.clear();
    await lastValueFrom(service.list());
    expect(String(await rejection(service.find()))).toMatch(/Items\.find\(\): found an entry/);
    const untold = await rejection(Promise.resolve(service.untold()));
    expect(String(untold)).toMatch(/Items\.untold\(\): an Observable is expected.*returns: 'observable'/);
    const subscribed = await rejection(lastValueFrom(service.untold()));
    expect(subscribed).toBeInstanceOf(CacheConfigurationError);
    expect(() => service.untold().pipe(toArray())).toThrow(/returns: 'observable'/);
    expect((await cache.get('untold')).hit).toBe(false);
  });
});

@Injectable()
class Shelf {
  readonly items = new Map<string, string>();
  broken = false;

  @Cacheable({ key: 'item:{0}', tags: ['items'] })
  async find(id: string): Promise<string | undefined> {
    return this.items.get(id);
  }

  @CachePut({
    key: 'item:{0.id}',
    tags: ['items'],
    unless: (item) => item === 'draft',
    condition: ({ id }) => id !== 'x',
  })
  async save(item: { readonly id: string; readonly title: string }): Promise<string> {
    this.#work();
    this.items.set(item.id, item.title);
    return item.title;
  }

  @CachePut({ key: 'stream:{0}', ttl: '1h' })
  stream(id: string): Observable<string> {
    return of(id, this.items.get(id) ?? 'none');
  }

  @Cacheable({ key: 'stream:{0}' })
  streamed(_id: string): Observable<string> {
    return EMPTY;
  }

  @CacheEvict({ key: 'item:{0}' })
  async remove(id: string): Promise<boolean> {
    this.#work();
    return this.items.delete(id);
  }

  @CacheEvict({ key: ['item:{0}', 'item:{1}'], tags: (count, first) => [`${count} of ${first}`, 'tag'] })
  async swap(_one: string, _other: string): Promise<number> {
    return 2;
  }

  @CacheEvict({ key: (...ids) => ids.map((id) => `item:${id}`) })
  removeAll(...ids: string[]): Observable<string> {
    return concat(
      of(...ids),
      defer(() => {
        this.#work();
        return EMPTY;
      }),
    );
  }

  @CachePut({ key: 'file:{0}' })
  async file(_name: unknown): Promise<void> {
    this.#work();
  }

  @CacheEvict({ key: 'file:{0}' })
  async shred(_name: unknown): Promise<void> {
    this.#work();
  }

  @CacheEvict({ all: true, condition: (really) => really })
  async clear(_really: boolean): Promise<void> {}

  #work(): void {
    if (this.broken) throw new Error('read-only');
  }
}

describe.each(backends)('With $backend', ({ cacheModule }) => {
  async function stock(): Promise<{ shelf: Shelf; cache: InMemoryCache; held: () => Promise<string> }> {
    const app = await start({ caches: [cacheModule()], providers: [Shelf] });
    const cache = app.get<InMemoryCache>(CACHE);
    await cache.setMany(['1', '2', '3'].map((id) => [`item:${id}`, id] as const));
    const keys = ['item:1', 'item:2', 'item:3'];
    const held = async () =>
      [...(await cache.getMany(keys)).values()].map(({ hit }) => (hit ? 'x' : '-')).join('');
    return { shelf: app.get(Shelf), cache, held };
  }

  it('@CachePut calls the method each time, and keeps what it answers', async () => {
    const { shelf, cache } = await stock();
    expect(await shelf.save({ id: '1', title: 'one' })).toBe('one');
    expect(await cache.get('item:1')).toEqual(new CacheHit('one'));
    expect(await shelf.save({ id: '1', title: 'uno' })).toBe('uno');
    expect(await shelf.find('1')).toBe('uno');
    await shelf.save({ id: '1', title: 'draft' });
    await shelf.save({ id: 'x', title: 'unkept' });
    expect([await shelf.find('1'), (await cache.get('item:x')).hit]).toEqual(['uno', false]);
    await cache.evictTags('items');
    expect((await cache.get('item:1')).hit).toBe(false);
    shelf.broken = true;
    await rejection(shelf.save({ id: '1', title: 'lost' }));
    expect((await cache.get('item:1')).hit).toBe(false);
    expect(await lastValueFrom(shelf.stream('1').pipe(toArray()))).toEqual(['1', 'draft']);
    expect(await lastValueFrom(shelf.streamed('1').pipe(toArray()))).toEqual(['1', 'draft']);
  });

  it('@CacheEvict removes entries by keys and tags, or all of them, after the method', async () => {
    const { shelf, cache, held } = await stock();
    await shelf.remove('2');
    expect(await held()).toBe('x-x');
    await cache.set('tagged', 1, { tags: ['2 of 1'] });
    await shelf.swap('1', '4');
    expect([await held(), (await cache.get('tagged')).hit]).toEqual(['--x', false]);
    await shelf.clear(false);
    expect(await held()).toBe('--x');
    await shelf.clear(true);
    expect(await held()).toBe('---');
  });

  it('@CacheEvict removes entries before whoever waits for an Observable goes on', async () => {
    const { shelf, held } = await stock();
    expect(await firstValueFrom(shelf.removeAll('1', '3'))).toBe('1');
    expect(await held()).toBe('-x-');
  });

  it('@CacheEvict removes nothing when the method fails', async () => {
    const { shelf, held } = await stock();
    shelf.broken = true;
    await rejection(shelf.remove('1'));
    await rejection(lastValueFrom(shelf.removeAll('2', '3')));
    expect(await held()).toBe('xxx');
  });
});

describe.each(['file', 'shred'])('A method that changes something (%s)', (name) => {
  it('is not called with arguments that make no key', async () => {
    const { service } = await provide(Shelf);
    service.broken = true;
    const call = (argument: unknown) => Reflect.apply(methodOf(service, name), service, [argument]);
    expect(await rejection(call(undefined))).toBeInstanceOf(CacheKeyGenerationError);
    expect(await rejection(call('x'.repeat(2_000)))).toBeInstanceOf(InvalidCacheKeyError);
    expect(await rejection(call('a'))).toEqual(new Error('read-only'));
  });
});

describe('@CacheEvict', () => {
  it('removes what it can, and rejects, when one of the entries cannot be removed', async () => {
    const keyPrefix = redis.newPrefix();
    const caches = [RedisCacheModule.forRoot({ ...redis.address, keyPrefix })];
    const app = await start({ caches, providers: [Shelf] });
    const cache = app.get<InMemoryCache>(CACHE);
    await cache.set('item:2', 2);
    await cache.set('tagged', 1, { tags: ['tag'] });
    await redis.raw.lpush(`${keyPrefix}item:1`, 'of somebody else');
    const error = await rejection(app.get(Shelf).swap('1', '2'));
    expect(error).toBeInstanceOf(CacheBatchError);
    expect([(await cache.get('item:2')).hit, (await cache.get('tagged')).hit]).toEqual([false, false]);
  });
});

describe('Two decorators on one method', () => {
  it.each([
    { upper: '@CacheEvict', evictions: 2 },
    { upper: '@Cacheable', evictions: 1 },
  ])('work from the top down: $upper first', async ({ upper, evictions }) => {
    const evict = CacheEvict<() => Promise<string>>({ cache: 'lists', tags: ['lists'] });
    const keep = Cacheable<() => Promise<string>>({ cache: 'items', key: 'item' });
    const [first, second] = upper === '@CacheEvict' ? [evict, keep] : [keep, evict];
    @Injectable()
    class Items {
      @first
      @second
      async find(): Promise<string> {
        return 'item';
      }
    }
    const caches = ['lists', 'items'].map((name) => InMemoryCacheModule.forRoot({ name }));
    const app = await start({ caches, providers: [Items] });
    expect([await app.get(Items).find(), await app.get(Items).find()]).toEqual(['item', 'item']);
    expect(app.get<InMemoryCache>(getCacheToken('lists')).metrics().tagEvictions).toBe(evictions);
    expect(app.get<InMemoryCache>(getCacheToken('items')).metrics().hits).toBe(1);
  });

  it('may remove what it has kept under several keys of one cache', async () => {
    @Injectable()
    class Items {
      @CachePut({ key: 'item:{0}' })
      @CacheEvict({ key: 'list' })
      async save(id: string): Promise<string> {
        return id;
      }
    }
    const { service, cache } = await provide(Items);
    await cache.set('list', ['1']);
    await service.save('2');
    expect([(await cache.get('item:2')).hit, (await cache.get('list')).hit]).toEqual([true, false]);
  });
});

describe('A decorated method without its cache', () => {
  class Items {
    @Cacheable()
    async find(): Promise<void> {}
    @Cacheable({ condition: () => false })
    list(): Observable<string> {
      return of('item');
    }
  }

  it('says so at its first call, when no container has made the instance', async () => {
    const item = new Items();
    const errors = [await rejection(item.find()), await rejection(lastValueFrom(item.list()))];
    expect(errors).toEqual([expect.any(CacheConfigurationError), expect.any(CacheConfigurationError)]);
    expect(String(errors[0])).toMatch(/Items\.find\(\) has @Cacheable, .*Let Nest make it/);
    expect(await rejection(Reflect.apply(methodOf(item, 'find'), undefined, []))).toBeInstanceOf(
      CacheConfigurationError,
    );
  });

  it('keeps the application from starting, when its module has no such cache', async () => {
    @Injectable()
    class Sessions {
      @Cacheable({ cache: 'sessions' })
      async find(): Promise<void> {}
    }
    const error = await rejection(start({ providers: [Sessions] }));
    expect(String(error)).toMatch(/Sessions/);
    expect(String(error)).toContain('Symbol(@spakky/nestjs-redis-cache:cache:sessions)');
  });

  it('is no method of an instance that others can come across', async () => {
    const { service, cache } = await provide(Items);
    await service.find();
    expect([Reflect.ownKeys(Object.assign({}, service)), JSON.stringify(service)]).toEqual([[], '{}']);
    expect(Reflect.get(service, CACHE)).toBe(cache);
  });
});

describe('A decorator', () => {
  const decorate = Cacheable();

  it.each([
    [
      'a static method',
      () => {
        class Items {
          static async find(): Promise<void> {}
        }
        Reflect.apply(decorate, undefined, [Items, 'find', Object.getOwnPropertyDescriptor(Items, 'find')]);
      },
      /@Cacheable of Items\.find: a static method/,
    ],
    [
      'an accessor',
      () => {
        Reflect.apply(decorate, undefined, [Items.prototype, 'size', { get: () => 1 }]);
      },
      /@Cacheable of Items\.size: it stands above methods only/,
    ],
    [
      'a field',
      () => void Reflect.apply(decorate, undefined, [Items.prototype, 'field', undefined]),
      /stands above methods only/,
    ],
    [
      'a method, by the decorators of ECMAScript',
      () => void Reflect.apply(decorate, undefined, [methodOf(Items.prototype, 'find'), { kind: 'method' }]),
      /experimentalDecorators/,
    ],
    [
      'a method, to remove nothing',
      () =>
        void Reflect.apply(CacheEvict({}), undefined, [Items.prototype, 'find', { value: async () => 1 }]),
      /@CacheEvict of Items\.find\(\): it removes nothing/,
    ],
    [
      'a method, with options that only getOrSet knows and a ttl that it does not',
      () => {
        const wrong = Cacheable({ ttl: () => '1m', staleFor: '1h' });
        Reflect.apply(wrong, undefined, [Items.prototype, 'find', { value: async () => 1 }]);
      },
      /staleFor need a ttl that is no function/,
    ],
  ])('does not stand above %s', (_what, declare, message) => {
    expect(declare).toThrow(CacheConfigurationError);
    expect(declare).toThrow(message);
  });

  class Items {
    async find(): Promise<void> {}
  }
});
