/** The dashboard as a person sees and uses it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Locator, type Page } from 'playwright/test';

export const koji = (file: string): string => join(process.env['KOJIBOX_HOME'] ?? '', file);

export class DashboardPage {
  readonly page: Page;
  readonly overall: Locator;

  constructor(page: Page) {
    this.page = page;
    this.overall = page.locator('[data-overall]');
  }

  async open(): Promise<void> {
    const { url, token } = JSON.parse(readFileSync(koji('app/daemon.json'), 'utf8')) as { url: string; token: string };
    await this.page.goto(`${url}/#token=${token}`);
    await this.page.locator('[data-service]').first().waitFor();
  }

  service(id: string): Locator {
    return this.page.locator(`[data-service="${id}"]`);
  }

  button(id: string, name: string): Locator {
    return this.service(id).getByRole('button', { name: new RegExp(`^${name}`) });
  }

  get logPanel(): Locator {
    return this.page.locator('[data-log-panel]');
  }

  async chooseTheme(wanted: 'light' | 'dark'): Promise<void> {
    while (
      (await this.page.locator('html').getAttribute('data-theme')) !== wanted ||
      !(await this.themeButton(wanted).isVisible())
    ) {
      await this.page.getByRole('button', { name: /^Theme/ }).click();
    }
  }

  themeButton(theme: string): Locator {
    return this.page.getByRole('button', { name: `Theme: ${theme}` });
  }
}

/** A page by its name in the navigation, as a person gets there. */
export async function openPage(page: Page, title: string): Promise<void> {
  await new DashboardPage(page).open();
  await page.getByRole('link', { name: title, exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeFocused();
}
