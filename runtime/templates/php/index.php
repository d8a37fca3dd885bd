<?php

declare(strict_types=1);

$title = 'Your new PHP site';
?>
<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title><?= htmlspecialchars($title) ?></title>
  <style>
    :root { color-scheme: light dark; font: 17px/1.6 system-ui, sans-serif; }
    body { max-width: 38rem; margin: 18vh auto 0; padding: 0 1.5rem; }
    code { font-size: .92em; }
  </style>
  <h1><?= htmlspecialchars($title) ?></h1>
  <p>PHP <?= PHP_VERSION ?> serves this page. Change <code>index.php</code> and load it again.</p>
  <p>PostgreSQL, MariaDB and Redis are reached by the variables that begin with
    <code>POSTGRES_</code>, <code>MARIADB_</code> and <code>REDIS_</code> in <code>$_SERVER</code>.</p>
</html>
