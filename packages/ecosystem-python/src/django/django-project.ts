// Is this a Django project, and which settings does it use?
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SalverError } from '@salver/core';
import type { DjangoSettings } from '@salver/core';

/** What makes a project one of Django's. */
const MANAGE = 'manage.py';

export function isDjangoProject(projectDir: string): boolean {
  return existsSync(join(projectDir, MANAGE));
}

/** The settings module: as configured, else as manage.py sets it. Throws E_CONFIG_INVALID. */
export function settingsModule(projectDir: string, { settings }: DjangoSettings): string {
  if (settings !== undefined) return settings;
  const text = readFileSync(join(projectDir, MANAGE), 'utf8');
  const found = /DJANGO_SETTINGS_MODULE["']\s*(?:,|\]\s*=)\s*["']([A-Za-z_][\w.]*)["']/.exec(text)?.[1];
  if (found !== undefined) return found;
  throw new SalverError('E_CONFIG_INVALID', `${MANAGE} does not say which settings the project uses`, {
    hint: 'set "django": {"settings": "project.settings"} in salver.json, or "django": false',
    facts: { key: 'django.settings' },
  });
}
