import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { RedisCacheModule } from '@spakky/nestjs-redis-cache';
import { RedisCacheHealthIndicator } from '@spakky/nestjs-redis-cache/health';
import { HealthController } from './health.controller.js';
import { ProfilesController } from './profiles.controller.js';
import { RequestSpanInterceptor } from './request-span.interceptor.js';

/** Nobody listens there: it shows what a Redis that is away looks like. */
const nobody = { host: '127.0.0.1', port: 1 };

@Module({
  imports: [
    // Less than the second for which a probe of Kubernetes waits, so that it hears the reason.
    RedisCacheModule.forRoot({ socketTimeout: '800ms' }),
    // `lazy`: the application starts without it. Otherwise it would refuse to.
    RedisCacheModule.forRoot({ name: 'archive', ...nobody, lazy: true }),
    TerminusModule.forRoot({ logger: false }),
  ],
  controllers: [HealthController, ProfilesController],
  providers: [RedisCacheHealthIndicator, { provide: APP_INTERCEPTOR, useClass: RequestSpanInterceptor }],
})
export class AppModule {}
