/** What the servers of somebody else hold: everything that a copy could lose or stumble over. */
import { OWNER, type ForeignServer } from './foreign-servers.ts';

/** A name that ends a quoted one and goes on as SQL, in both engines. */
export const HOSTILE = 'a"; drop database `shop`; --';

export async function fillPostgres(server: ForeignServer): Promise<void> {
  for (const name of ['shop', HOSTILE, 'Müller-Straße', 'big', 'guarded'])
    await server.query(`create database "${name.replaceAll('"', '""')}"`);
  await server.query(`alter database shop set search_path to sales, public`);
  await server.query(
    `create schema sales;
     create type mood as enum ('good', 'so "so"');
     create domain price as numeric(10, 2) check (value >= 0);
     create table sales.customers (id int generated always as identity primary key, name text, mood mood, pic bytea);
     create table sales.orders (id serial primary key, customer int not null references sales.customers, total price, at timestamptz default now());
     create table sales."Größe; ""x""" (a int, "select" text);
     create table sales.parts (day date, n int) partition by range (day);
     create table sales.parts_2026 partition of sales.parts for values from ('2026-01-01') to ('2027-01-01');
     create function sales.stamp() returns trigger language plpgsql as $$ begin new.total := new.total + 1; return new; end $$;
     create trigger stamp before insert on sales.orders for each row execute function sales.stamp();
     create view sales.sums as select name, sum(total) as total from sales.customers c join sales.orders o on o.customer = c.id group by name;
     create materialized view sales.kept as select count(*) as n from sales.orders;
     insert into sales.customers (name, mood, pic) values ('Änne 😀', 'so "so"', '\\x00ff5c0a0d09'), (null, null, null), (E'a\\tb\\n\\\\.\\nc', 'good', '\\x');
     insert into sales.orders (customer, total) values (1, 9.99), (3, 0);
     insert into sales."Größe; ""x""" values (1, 'COPY sales.orders (id) FROM stdin;'), (null, null);
     refresh materialized view sales.kept;
     insert into sales.parts values ('2026-05-05', 7);
     select lo_from_bytea(4242, '\\xdeadbeef');`,
    'shop',
  );
  await server.query('create table t (a int); insert into t values (1), (2)', HOSTILE);
  await server.query('create table t (a int); insert into t select generate_series(1, 1000)', 'Müller-Straße');
  await server.query(
    'create role webuser; create table t (a int); alter table t enable row level security; create policy p on t to webuser using (true)',
    'guarded',
  );
  await server.query('create table first (a int); create table second (data bytea)', 'big');
  await server.query('alter table second alter data set storage external', 'big');
  await server.query(
    "insert into second select decode(repeat('ab', 1000000), 'hex') from generate_series(1, 50)",
    'big',
  );
}

export async function fillMariadb(server: ForeignServer): Promise<void> {
  for (const name of ['shop', HOSTILE, 'Müller-Straße', 'big'])
    await server.query(`create database \`${name.replaceAll('`', '``')}\` collate utf8mb4_swedish_ci`);
  for (const sql of [
    'create table customers (id int primary key auto_increment, name varchar(100), pic blob, born date, key (name))',
    "create table orders (id int primary key auto_increment, customer int not null, total decimal(10, 2), at timestamp default current_timestamp, constraint belongs foreign key (customer) references customers (id)) comment 'DEFINER=`a`@`b`'",
    'create table `Größe; ``x``` (a int, `select` text)',
    "insert into customers (name, pic) values ('Änne 😀', x'00ff5c0a0d27'), (null, null), ('a\\\\b\\'c\\nd', '')",
    'insert into orders (customer, total) values (1, 9.99), (3, 0)',
    "insert into `Größe; ``x``` values (1, 'INSERT INTO `orders` VALUES'), (null, null)",
    `create definer = '${OWNER}'@'127.0.0.1' view sums as select name, sum(total) as total from customers c join orders o on o.customer = c.id group by name`,
    `create definer = '${OWNER}'@'127.0.0.1' trigger stamp before insert on orders for each row set new.total = new.total + 1`,
    `create definer = '${OWNER}'@'127.0.0.1' procedure greet() select 'DEFINER=\`a\`@\`b\`'`,
    'create function twice(x int) returns int deterministic return 2 * x',
    "create event cleaning on schedule every 1 day do delete from orders where total < 0 and 'it''s' = 'on'",
  ])
    await server.query(sql, 'shop');
  await server.query('create table t (a int)', HOSTILE);
  await server.query('insert into t values (1), (2)', HOSTILE);
  await server.query('create table t (a int)', 'Müller-Straße');
  await server.query('create table second (data longblob)', 'big');
  await server.query("insert into second select repeat('abcdefghij', 100000) from seq_1_to_50", 'big');
}
