/** From a request to whoever answers it: host name, certificate, longest path prefix. */
import type { EdgeConfig, EdgeRoute, EdgeSite, EdgeStatus } from '../contract/edge.ts';
import { backlog } from './backlog.ts';
import { contain } from './boundary.ts';
import type { BindPort } from './bound-ports.ts';
import { createNameServer } from './dns/server.ts';
import { renderError, type ErrorDetails } from './error-page.ts';
import { fail, type Exchange } from './exchange.ts';
import { createListeners } from './listeners.ts';
import { log } from './log.ts';
import { CROWDED_PATIENCE_MS, openFiles } from './open-files.ts';
import { closePhpPools, servePhp } from './php.ts';
import { withAccessLog } from './access-log.ts';
import { setProjectLogFolder } from './project-log.ts';
import { createShares } from './shares.ts';
import { MOST_PER_SITE, SiteLoad } from './site-load.ts';
import { createRoutingTable, routeFor, type RoutingTable } from './sites.ts';
import { serveStatic } from './static-site.ts';
import { CertificateStore } from './tls.ts';
import { proxyHttp } from './upstream.ts';
import { ConnectionWatch } from './watch.ts';

const TOO_BUSY = 'This site is too busy';
const DRAIN_MS = 3000;
const DRAIN_LOOK_MS = 20;

export interface Edge {
  listen(): Promise<void>;
  /** Takes a new configuration; rejects when it cannot be used, and then keeps the old one. Of the ports only those of shared sites change. */
  reload(config: EdgeConfig): Promise<void>;
  status(): EdgeStatus;
  /** Takes no more connections, answers what is under way for up to three seconds, and closes the rest. */
  close(): Promise<void>;
}

/** @param bind gives a port, bound already or now */
export function createEdge(initial: EdgeConfig, bind: BindPort): Edge {
  let config = initial;
  setProjectLogFolder(initial.projectLogs ?? null);
  let table: RoutingTable = createRoutingTable(initial);
  let certificates = new CertificateStore(initial, null);
  let requests = 0;
  const watch = new ConnectionWatch(() => {
    if (openFiles.crowded) backlog.endStalled(CROWDED_PATIENCE_MS);
  });
  const load = new SiteLoad(MOST_PER_SITE, () => backlog.endStalled(CROWDED_PATIENCE_MS));
  const nameServer = createNameServer();

  const missingSite = (host: string): Omit<ErrorDetails, 'status'> => {
    const sites = table.sitesFor(host);
    return sites === undefined ? { hint: 'Kojibox has no site of this name.' } : { sites };
  };
  const handle = (exchange: Exchange): void => contain(exchange, () => route(exchange));
  const route = (exchange: Exchange): void => {
    requests += 1;
    const site = table.find(exchange.host);
    if (site === undefined) {
      fail(exchange, 404, missingSite(exchange.host));
      return;
    }
    const { serverName } = exchange.peer;
    // RFC 9110 section 7.4: the certificate that the client saw is not for this host. Browsers try again on a new connection.
    if (serverName !== null && serverName !== exchange.host && !certificates.isShared(serverName, exchange.host)) {
      fail(exchange, 421);
      return;
    }
    if (exchange.target === '*') {
      exchange.send(204, [['allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS']], null);
      return;
    }
    respond(exchange, site);
  };
  const respond = (exchange: Exchange, site: EdgeSite): void => {
    exchange.site = site.hosts[0] ?? site.name;
    exchange.project = site.project ?? null;
    const leave = load.enter(site);
    if (leave === null) {
      fail(exchange, 503, { title: TOO_BUSY, hint: 'Too many of its requests are under way.', cure: [] }, [
        ['retry-after', '1'],
      ]);
      return;
    }
    exchange.onOver = withAccessLog(exchange, site, leave);
    if (site.problem === undefined) {
      answer(exchange, routeFor(site, exchange.path));
      return;
    }
    const { title, detail, cure } = site.problem;
    fail(exchange, 503, { title, hint: detail, cure: cure === '' ? [] : [cure] });
  };

  const shares = createShares({
    watch,
    handle: (exchange, host) =>
      contain(exchange, () => {
        requests += 1;
        const site = table.find(host);
        // Its project is gone, or the request is for all of the server.
        if (site === undefined || exchange.target === '*') fail(exchange, 404);
        else respond(exchange, site);
      }),
  });
  const listeners = createListeners({
    bind,
    watch,
    handle,
    certificates: () => certificates,
    secureUrl: (host, target) =>
      table.find(host) === undefined
        ? null
        : `https://${host}${config.httpsPort === 443 ? '' : `:${config.httpsPort}`}${target}`,
    unknownHost: (accept, host) => renderError({ status: 404, ...missingSite(host) }, accept),
  });

  return {
    async listen() {
      for (const address of config.addresses) {
        await listeners.listenSecure(address, config.httpsPort);
        if (config.httpPort !== null) await listeners.listenPlain(address, config.httpPort);
      }
      // The sites of this machine count for more than one that is shared: it is served without it, and the log says why.
      await shares
        .apply(config.shares)
        .catch((error: unknown) => log('error', `cannot share a site: ${String(error)}`));
      await nameServer.apply(config.resolver);
    },
    async reload(next) {
      const nextCertificates = new CertificateStore(next, certificates);
      const used = { ...next, httpPort: config.httpPort, httpsPort: config.httpsPort };
      table = createRoutingTable(used);
      setProjectLogFolder(next.projectLogs ?? null);
      config = used;
      const fallbackChanged = !nextCertificates.fallback.cert.equals(certificates.fallback.cert);
      certificates = nextCertificates;
      if (fallbackChanged) listeners.refreshFallback();
      await nameServer.apply(config.resolver);
      await shares.apply(config.shares);
    },
    status: () => ({
      pid: process.pid,
      generation: config.generation,
      httpsPort: config.httpsPort,
      httpPort: config.httpPort,
      sites: config.sites.length,
      openConnections: watch.size,
      requests,
    }),
    async close() {
      listeners.close();
      shares.close();
      nameServer.close();
      watch.drainAll();
      const until = performance.now() + DRAIN_MS;
      while (watch.size > 0 && performance.now() < until)
        await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
      watch.destroyAll();
      closePhpPools();
    },
  };
}

function answer(exchange: Exchange, route: EdgeRoute | undefined): void {
  exchange.service = route !== undefined && 'service' in route ? route.service : null;
  if (route === undefined) fail(exchange, 404);
  else if (route.type === 'php') servePhp(exchange, route);
  else if (route.type === 'http') proxyHttp(exchange, route);
  else serveStatic(exchange, route);
}
