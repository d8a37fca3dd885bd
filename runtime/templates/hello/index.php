<?php
declare(strict_types=1);

/*
 * The starter site of Kojibox: proves that everything is real. It asks each server for its version, writes a row, reads it back,
 * and says how long that took. Change it, or throw it away: this folder is yours.
 */

require __DIR__ . '/checks.php';

$path = parse_url($_SERVER['REQUEST_URI'] ?? '/', PHP_URL_PATH);

if ($path === '/status.json') {
    header('Content-Type: application/json');
    header('Cache-Control: no-store');
    $checks = run_checks();
    http_response_code(all_ok($checks) ? 200 : 503);
    echo json_encode(array_map(fn(array $check) => $check['version'], $checks), JSON_UNESCAPED_SLASHES), "\n";
    return;
}

if ($path !== '/' && $path !== '/index.php') {
    http_response_code(404);
    header('Content-Type: text/plain; charset=utf-8');
    echo "There is nothing at this address.\n";
    return;
}

$checks = run_checks();
http_response_code(all_ok($checks) ? 200 : 503);
require __DIR__ . '/page.php';
