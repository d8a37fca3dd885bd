<?php
declare(strict_types=1);

/**
 * What is no part of the stack is not asked: Kojibox gives no address of it.
 *
 * @return array<string, array{name: string, version: ?string, detail: string, ms: float, error: ?string}>
 */
function run_checks(): array
{
    $checks = ['php' => check('PHP', fn() => [PHP_VERSION, php_sapi_name() . ', ' . count(get_loaded_extensions()) . ' extensions'])];
    $servers = ['postgres' => 'PostgreSQL', 'mariadb' => 'MariaDB', 'redis' => 'Redis'];
    $wanted = array_filter($servers, fn(string $id) => getenv(strtoupper($id) . '_HOST') !== false, ARRAY_FILTER_USE_KEY);
    foreach ($wanted as $id => $name) {
        $checks[$id] = check($name, "check_$id");
    }
    return $checks;
}

function all_ok(array $checks): bool
{
    return !in_array(null, array_column($checks, 'version'), true);
}

/** Runs one check; a failure is shown, with its message and never with a password. */
function check(string $name, callable $run): array
{
    $began = hrtime(true);
    try {
        [$version, $detail] = $run();
        $error = null;
    } catch (Throwable $problem) {
        [$version, $detail, $error] = [null, '', $problem->getMessage()];
    }
    return ['name' => $name, 'version' => $version, 'detail' => $detail, 'ms' => (hrtime(true) - $began) / 1e6, 'error' => $error];
}

/** @return array{string, string} version and what was seen */
function check_postgres(): array
{
    $dsn = sprintf('pgsql:host=%s;port=%s;dbname=postgres', getenv('POSTGRES_HOST'), getenv('POSTGRES_PORT'));
    $db = new PDO($dsn, getenv('POSTGRES_USER'), getenv('POSTGRES_PASSWORD'));
    $db->exec('SET client_min_messages = warning');
    $db->exec('CREATE TABLE IF NOT EXISTS kojibox_hello (id bigserial PRIMARY KEY, said_at timestamptz NOT NULL DEFAULT now())');
    $id = $db->query('INSERT INTO kojibox_hello DEFAULT VALUES RETURNING id')->fetchColumn();
    $rows = $db->query("SELECT count(*) FROM kojibox_hello WHERE id <= $id")->fetchColumn();
    return [$db->query('SHOW server_version')->fetchColumn(), "row $id written and read, $rows in all"];
}

/** @return array{string, string} version and what was seen */
function check_mariadb(): array
{
    $dsn = sprintf('mysql:host=%s;port=%s;charset=utf8mb4', getenv('MARIADB_HOST'), getenv('MARIADB_PORT'));
    $db = new PDO($dsn, getenv('MARIADB_USER'), getenv('MARIADB_PASSWORD'));
    $db->exec('CREATE DATABASE IF NOT EXISTS hello');
    $db->exec('CREATE TABLE IF NOT EXISTS hello.visits (id bigint AUTO_INCREMENT PRIMARY KEY, said_at timestamp DEFAULT current_timestamp)');
    $db->exec('INSERT INTO hello.visits () VALUES ()');
    $id = $db->lastInsertId();
    $rows = $db->query("SELECT count(*) FROM hello.visits WHERE id <= $id")->fetchColumn();
    return [explode('-', $db->query('SELECT version()')->fetchColumn())[0], "row $id written and read, $rows in all"];
}

/** @return array{string, string} version and what was seen */
function check_redis(): array
{
    $redis = new Redis();
    $redis->connect(getenv('REDIS_HOST'), (int) getenv('REDIS_PORT'), 2.0);
    $redis->auth(getenv('REDIS_PASSWORD'));
    $visits = $redis->incr('kojibox:hello');
    return [$redis->info('server')['redis_version'], "key written and read, value $visits"];
}
