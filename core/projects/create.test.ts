import { describe, expect, it } from 'vitest';
import type { ProjectConfig } from '../../contract/config.ts';
import type { NewProject } from '../../contract/projects.ts';
import { checkIdIsFree } from './create.ts';
import { slug } from './slug.ts';

const wanted = (name: string, id?: string): NewProject => ({
  kind: 'folder',
  path: '/code/new',
  name,
  ...(id === undefined ? {} : { id }),
});
const shop: ProjectConfig = {
  id: 'shop',
  name: 'Shop',
  path: '/code/shop',
  domain: 'shop.test',
  stack: 'php',
  overrides: {},
};

describe('a new project', () => {
  it.each([wanted('Shop'), wanted('SHOP!'), wanted('Something else', 'shop')])(
    'does not replace one of the same id: %o',
    (project) =>
      expect(() => checkIdIsFree(project, [shop])).toThrow(
        expect.objectContaining({
          code: 'VALIDATION_FAILED',
          field: 'name',
          // A form shows only this, at the field.
          detail: 'there is a project "shop" already, at shop.test in /code/shop',
        }),
      ),
  );
  it('may have any other id', () => {
    expect(() => checkIdIsFree(wanted('Shop', 'shop-2'), [shop])).not.toThrow();
    expect(() => checkIdIsFree(wanted('Shops'), [shop])).not.toThrow();
  });
});

describe('an id from a name', () => {
  it.each([
    ['My Shop!', 'my-shop'],
    ['Ümläut & Co', 'umlaut-co'],
    ['Straße Łódź', 'strasse-lodz'],
    ['Crème Brûlée', 'creme-brulee'],
    ['日本', 'project'],
    ['  --  ', 'project'],
    [`${'a'.repeat(49)} b`, 'a'.repeat(49)],
  ])('%s is %s', (name, id) => expect(slug(name)).toBe(id));
});
