// A shop whose methods are decorated, and a health check: compiled as an ES module and as CommonJS, against the types
// of the Nest that the consumer has installed.
import {
  Controller,
  type DynamicModule,
  Get,
  Inject,
  Injectable,
  Module,
  Param,
  Scope,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { HealthCheck, type HealthCheckResult, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Cacheable, CacheEvict, CachePut, RedisCacheModule } from '@spakky/nestjs-redis-cache';
import { RedisCacheHealthIndicator } from '@spakky/nestjs-redis-cache/health';
import { Observable, of } from 'rxjs';

/** The decorated methods that were called, in order. */
export const called: string[] = [];

abstract class Listing {
  abstract readonly kind: string;

  @Cacheable({ key: 'listing:{0}', ttl: '1m' })
  async list(page: string): Promise<string> {
    called.push('list');
    return `${this.kind} of page ${page}`;
  }
}

@Injectable()
class Chairs extends Listing {
  readonly kind = 'chairs';
}

@Injectable()
export class Prices {
  @Cacheable({ key: (product) => `price:${product}`, ttl: '1m' })
  async find(product: string): Promise<number> {
    called.push('find');
    return product.length;
  }

  @Cacheable({ key: 'watch:{0}', ttl: '1m' })
  watch(product: string): Observable<number> {
    called.push('watch');
    return of(product.length);
  }

  @CachePut({ key: 'price:{0}', ttl: '1m' })
  async change(_product: string, price: number): Promise<number> {
    return price;
  }

  @CacheEvict({ key: 'price:{0}' })
  async forget(_product: string): Promise<void> {}
}

@Injectable({ scope: Scope.REQUEST })
class Visitor {
  constructor(@Inject(REQUEST) private readonly request: { readonly method: string }) {}

  @Cacheable({ key: 'visitor:{0}', ttl: '1m' })
  async greet(name: string): Promise<string> {
    called.push('greet');
    return `${name} by ${this.request.method}`;
  }
}

@Controller()
class ShopController {
  constructor(
    @Inject(Prices) private readonly prices: Prices,
    @Inject(Chairs) private readonly chairs: Chairs,
  ) {}

  @Get('page/:page')
  @Cacheable({ key: 'page:{0}', ttl: '1m' })
  async page(@Param('page') page: string): Promise<string> {
    called.push('page');
    return `page ${page}`;
  }

  @Get('list/:page')
  list(@Param('page') page: string): Promise<string> {
    return this.chairs.list(page);
  }

  @Get('price/:product')
  price(@Param('product') product: string): Promise<number> {
    return this.prices.find(product);
  }

  @Get('watch/:product')
  watch(@Param('product') product: string): Observable<number> {
    return this.prices.watch(product);
  }
}

@Controller()
class VisitController {
  constructor(@Inject(Visitor) private readonly visitor: Visitor) {}

  @Get('visit/:name')
  visit(@Param('name') name: string): Promise<string> {
    return this.visitor.greet(name);
  }
}

@Controller()
class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(RedisCacheHealthIndicator) private readonly redis: RedisCacheHealthIndicator,
  ) {}

  @Get('health')
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.redis.isHealthy('cache')]);
  }
}

@Module({})
export class ShopModule {
  static under(keyPrefix: string): DynamicModule {
    return {
      module: ShopModule,
      imports: [RedisCacheModule.forRoot({ keyPrefix }), TerminusModule],
      controllers: [ShopController, VisitController, HealthController],
      providers: [Prices, Chairs, Visitor, RedisCacheHealthIndicator],
    };
  }
}
