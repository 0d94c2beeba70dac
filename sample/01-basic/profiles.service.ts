import { Inject, Injectable } from '@nestjs/common';
import { CACHE, type ICache } from '@spakky/nestjs-redis-cache';

export interface Profile {
  readonly id: string;
  readonly name: string;
  readonly since: Date;
}

export interface FoundProfile {
  readonly from: 'cache' | 'database';
  readonly profile: Profile;
}

@Injectable()
export class ProfilesService {
  // Written against the contract: which backend stands behind it is the module's business.
  constructor(@Inject(CACHE) private readonly cache: ICache<Profile>) {}

  async find(id: string): Promise<FoundProfile> {
    const key = `profile:${id}`;
    const cached = await this.cache.get(key);
    if (cached.hit) return { from: 'cache', profile: cached.value };

    const profile = await readFromDatabase(id);
    await this.cache.set(key, profile, { ttl: '5m' });
    return { from: 'database', profile };
  }

  /** @returns whether there was an entry to forget */
  forget(id: string): Promise<boolean> {
    return this.cache.delete(`profile:${id}`);
  }
}

/** Stands for what is slow enough to be worth caching. */
async function readFromDatabase(id: string): Promise<Profile> {
  return { id, name: 'Ada Lovelace', since: new Date('1843-09-01') };
}
