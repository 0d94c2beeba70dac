// Several applications on one Redis: an ACL user keeps each to its own keys. Whoever runs Redis makes it once, with
// the rule under "run several applications on one Redis" in the README; SPAKKY_REDIS__USERNAME and …_PASSWORD log in.
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type ICache, InjectCache, RedisCacheModule, SpakkyCacheError } from '@spakky/nestjs-redis-cache';

class Stock {
  constructor(
    @InjectCache('shop') private readonly shop: ICache<number>,
    @InjectCache('billing') private readonly billing: ICache<number>,
  ) {}

  async report(): Promise<void> {
    await this.shop.set('chairs', 12);
    const chairs = await this.shop.get('chairs');
    console.log(`our keys: ${chairs.hit ? `${chairs.value} chairs` : 'a miss'}`);

    // The user may not even ask whether such a key exists.
    const answer = await this.billing.get('invoice:1').catch(codeOf);
    console.log(`theirs: ${typeof answer === 'string' ? answer : `hit: ${answer.hit}`}`);
  }
}

function codeOf(error: unknown): string {
  if (error instanceof SpakkyCacheError) return error.code;
  throw error;
}

@Module({
  imports: [
    RedisCacheModule.forRoot({ name: 'shop', keyPrefix: 'shop:' }),
    RedisCacheModule.forRoot({ name: 'billing', keyPrefix: 'billing:' }),
  ],
  providers: [Stock],
})
class ShopModule {}

const app = await NestFactory.createApplicationContext(ShopModule, { logger: ['warn', 'error'] });
await app.get(Stock).report();
await app.close();
