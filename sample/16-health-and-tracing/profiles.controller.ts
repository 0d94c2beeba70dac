import { Controller, Get, Inject, Param } from '@nestjs/common';
import { trace } from '@opentelemetry/api';
import { CACHE, type IStampedeProtectedCache } from '@spakky/nestjs-redis-cache';

interface Profile {
  readonly id: string;
  readonly name: string;
}

@Controller('profiles')
export class ProfilesController {
  constructor(@Inject(CACHE) private readonly cache: IStampedeProtectedCache<Profile>) {}

  @Get(':id')
  async find(@Param('id') id: string): Promise<Profile> {
    return await this.cache.getOrSet(`profile:${id}`, () => readFromDatabase(id), { ttl: '5m' });
  }
}

/** Stands for a query; its span is what an instrumentation of your database makes. */
async function readFromDatabase(id: string): Promise<Profile> {
  const span = trace.getTracer('database').startSpan('SELECT profiles');
  try {
    return { id, name: 'Ada Lovelace' };
  } finally {
    span.end();
  }
}
