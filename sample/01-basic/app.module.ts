import { Module } from '@nestjs/common';
import { RedisCacheModule } from '@spakky/nestjs-redis-cache';
import { ProfilesController } from './profiles.controller.js';
import { ProfilesService } from './profiles.service.js';

@Module({
  // Nothing to say: the SPAKKY_REDIS__* variables tell where Redis is, and their defaults suit a local one.
  imports: [RedisCacheModule.forRoot()],
  controllers: [ProfilesController],
  providers: [ProfilesService],
})
export class AppModule {}
