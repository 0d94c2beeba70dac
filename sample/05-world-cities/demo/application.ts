// One of the two applications of the demonstration: the module of `npm start`, in a process of its own.
import { ConsoleLogger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WorldCitiesModule } from '../world-cities.module.js';

const app = await NestFactory.create(WorldCitiesModule, { logger: new ConsoleLogger({ colors: false }) });
await app.listen(0, '127.0.0.1');
process.send?.(await app.getUrl());
// The parent hangs up when the demonstration is over, and when it dies. Then nothing must keep this process alive.
process.once('disconnect', () => void app.close());
