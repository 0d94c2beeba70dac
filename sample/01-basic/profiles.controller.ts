import { Controller, Delete, Get, Param } from '@nestjs/common';
import { type FoundProfile, ProfilesService } from './profiles.service.js';

@Controller('profiles')
export class ProfilesController {
  constructor(private readonly profiles: ProfilesService) {}

  @Get(':id')
  find(@Param('id') id: string): Promise<FoundProfile> {
    return this.profiles.find(id);
  }

  @Delete(':id')
  async forget(@Param('id') id: string): Promise<{ forgotten: boolean }> {
    return { forgotten: await this.profiles.forget(id) };
  }
}
