import { Controller, Get, Param, ParseIntPipe } from '@nestjs/common';
import { Cacheable } from '@spakky/nestjs-redis-cache';
import { Visitors } from './visitors.js';

@Controller()
export class LibraryController {
  constructor(private readonly visitors: Visitors) {}

  @Get('greeting')
  async greeting(): Promise<string> {
    return await this.visitors.greet();
  }

  /** The key is made of what the pipe has made of the argument. */
  @Get('fine/:days')
  @Cacheable({ key: 'fine:{0}', ttl: '1h' })
  async fine(@Param('days', ParseIntPipe) days: number): Promise<string> {
    console.log(`  (computing the fine for ${days} days)`);
    return `${days * 10} cents`;
  }
}
