import { Injectable } from '@nestjs/common';
import { type ICache, InjectCache } from '@spakky/nestjs-redis-cache';

export interface Session {
  readonly user: string;
  readonly roles: ReadonlySet<string>;
}

@Injectable()
export class ShopService {
  constructor(
    @InjectCache('sessions') private readonly sessions: ICache<Session>,
    @InjectCache('prices') private readonly prices: ICache<bigint>,
  ) {}

  async open(): Promise<void> {
    await this.sessions.set('s-1', { user: 'ada', roles: new Set(['admin']) });
    await this.prices.set('laptop', 129_900n);
  }

  /** A new price list does not log anybody out. */
  forgetPrices(): Promise<void> {
    return this.prices.clear();
  }

  async describe(): Promise<string> {
    const [session, price] = await Promise.all([this.sessions.get('s-1'), this.prices.get('laptop')]);
    const who = session.hit ? `${session.value.user}, ${[...session.value.roles].join()}` : 'a miss';
    return `session: ${who}; price: ${price.hit ? `${price.value} cents` : 'a miss'}`;
  }
}
