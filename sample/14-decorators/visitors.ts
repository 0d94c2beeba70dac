import { Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Cacheable } from '@spakky/nestjs-redis-cache';

/** Made anew for each request: what it finds for one visitor is there for the next request of the same one. */
@Injectable({ scope: Scope.REQUEST })
export class Visitors {
  constructor(
    @Inject(REQUEST) private readonly request: { readonly headers: { readonly visitor?: string } },
  ) {}

  async greet(): Promise<string> {
    return await this.greetingFor(this.request.headers.visitor ?? 'stranger');
  }

  /** Whatever the result depends on is an argument: the request itself is in no key. */
  @Cacheable({ cache: 'greetings', key: 'visitor:{0}', ttl: '10m' })
  async greetingFor(name: string): Promise<string> {
    console.log(`  (thinking about ${name})`);
    return `Good morning, ${name}`;
  }
}
