<?php $ok = all_ok($checks); ?>
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hello from Kojibox</title>
<style>
  :root { color-scheme: light dark; --ink: #1d1b26; --soft: #5d596b; --paper: #faf8f5; --card: #fff; --line: #e6e1d9; --leaf: #2f7d4f; --alarm: #b3261e; --glow: #f3e3c3; }
  @media (prefers-color-scheme: dark) { :root { --ink: #f2eff7; --soft: #aaa5b8; --paper: #16141c; --card: #201d29; --line: #34303f; --leaf: #6fce96; --alarm: #ff8a80; --glow: #2c2536; } }
  * { box-sizing: border-box; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 2rem 1rem; color: var(--ink);
         background: radial-gradient(60rem 40rem at 50% -10rem, var(--glow), transparent), var(--paper); font: 16px/1.55 system-ui, sans-serif; }
  main { width: min(46rem, 100%); }
  header { display: flex; gap: 1.25rem; align-items: center; margin-bottom: 1.75rem; }
  h1 { margin: 0; font-size: clamp(1.7rem, 5vw, 2.5rem); letter-spacing: -0.02em; line-height: 1.15; }
  p { margin: .35rem 0 0; color: var(--soft); }
  ul { list-style: none; margin: 0; padding: 0; display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); }
  li { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1rem 1.15rem; }
  li strong { display: flex; justify-content: space-between; gap: 1rem; font-size: 1.05rem; }
  li span { font-variant-numeric: tabular-nums; color: var(--soft); font-weight: 400; }
  li div { color: var(--soft); font-size: .92rem; overflow-wrap: anywhere; }
  .ok::before, .bad::before { content: "✓"; color: var(--leaf); margin-right: .5rem; }
  .bad::before { content: "✗"; color: var(--alarm); }
  code { font: .9em ui-monospace, monospace; background: var(--line); border-radius: 5px; padding: .1em .35em; }
  footer { margin-top: 1.5rem; color: var(--soft); font-size: .92rem; }
  a { color: inherit; }
</style>
</head>
<body>
<main>
  <header>
    <svg width="64" height="64" viewBox="0 0 64 64" role="img" aria-label="Kojibox">
      <rect x="4" y="4" width="56" height="56" rx="14" fill="#e2a93b"/><path d="M18 16v32M18 32l22-16M26 27l18 21" stroke="#1d1b26" stroke-width="7" stroke-linecap="round" stroke-linejoin="round" fill="none"/>
    </svg>
    <div>
      <h1><?= $ok ? 'It works, and it is real.' : 'Something is not up yet.' ?></h1>
      <p>Served over <?= htmlspecialchars($_SERVER['SERVER_PROTOCOL'] ?? 'HTTP') ?> and TLS at <code><?= htmlspecialchars($_SERVER['HTTP_HOST'] ?? '') ?></code></p>
    </div>
  </header>
  <ul>
  <?php foreach ($checks as $check): ?>
    <li>
      <strong><b class="<?= $check['error'] === null ? 'ok' : 'bad' ?>"><?= htmlspecialchars($check['name']) ?> <?= htmlspecialchars($check['version'] ?? '') ?></b>
      <span><?= number_format($check['ms'], 1) ?> ms</span></strong>
      <div><?= htmlspecialchars($check['error'] ?? $check['detail']) ?></div>
    </li>
  <?php endforeach ?>
  </ul>
  <footer>
    This page is <code><?= htmlspecialchars(__DIR__) ?>/page.php</code>: change it and reload. The same as data: <a href="/status.json">status.json</a>.
  </footer>
</main>
</body>
</html>
