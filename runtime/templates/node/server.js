import { createServer } from 'node:http';

const page = `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Your new Node site</title>
  <style>
    :root { color-scheme: light dark; font: 17px/1.6 system-ui, sans-serif; }
    body { max-width: 38rem; margin: 18vh auto 0; padding: 0 1.5rem; }
  </style>
  <h1>Your new Node site</h1>
  <p>Node ${process.version} serves this page. Change <code>server.js</code>: it starts again by itself.</p>
</html>`;

createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
}).listen(Number(process.env.PORT), process.env.HOST);
