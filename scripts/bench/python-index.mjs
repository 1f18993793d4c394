// A package index on the loopback interface that passes on what the configured one has and keeps it in memory. So no one's
// first build waits for a network, and everyone may cache as PyPI allows: proxies and mirrors often drop those headers.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { run } from './measure.mjs';

const PYPI = 'https://pypi.org/simple';
const JSON_TYPE = 'application/vnd.pypi.simple.v1+json';
/** As PyPI answers. */
const PAGE_CACHING = 'max-age=600, public';
const FILE_CACHING = 'max-age=365000000, immutable, public';

/** Resolves to {env, close}: variables that lead pip, uv and Salver to the index, and nowhere else. */
export async function startIndex() {
  const upstream = await configuredIndex();
  const urls = new Map();
  const kept = new Map();
  const server = createServer((request, response) => {
    const path = request.url.replace(/\?.*/, '');
    if (!kept.has(path)) kept.set(path, answerFor(path, { upstream, urls }));
    kept.get(path).then(
      (answer) => send(request, response, answer),
      (error) => {
        kept.delete(path);
        response.writeHead(error.status ?? 502).end(String(error.message));
      },
    );
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${server.address().port}`;
  const url = `http://${host}/simple`;
  const env = {
    PIP_INDEX_URL: url,
    // Without TLS pip caches only what it is told to trust.
    PIP_TRUSTED_HOST: host,
    UV_DEFAULT_INDEX: url,
    PIP_CONFIG_FILE: '/dev/null',
    PIP_FIND_LINKS: undefined,
    PIP_EXTRA_INDEX_URL: undefined,
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
  };
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { env, close };
}

/** Where pip looks on this machine. */
async function configuredIndex() {
  const { stdout } = await run('python3', ['-m', 'pip', 'config', 'get', 'global.index-url']).catch(() => ({
    stdout: '',
  }));
  return (process.env.PIP_INDEX_URL || stdout.trim() || PYPI).replace(/\/+$/, '');
}

async function answerFor(path, { upstream, urls }) {
  const project = /^\/simple\/([A-Za-z0-9._-]+)\/?$/.exec(path)?.[1];
  const url = project === undefined ? urls.get(path) : `${upstream}/${project}/`;
  if (url === undefined) throw Object.assign(new Error('no such file'), { status: 404 });
  const response = await fetch(url, project === undefined ? {} : { headers: { accept: JSON_TYPE } });
  if (!response.ok)
    throw Object.assign(new Error(`the index answers ${response.status}`), { status: response.status });
  const body =
    project === undefined
      ? Buffer.from(await response.arrayBuffer())
      : Buffer.from(pageOf(await response.json(), urls));
  return {
    body,
    etag: `"${createHash('sha256').update(body).digest('hex')}"`,
    type: project === undefined ? 'application/octet-stream' : 'text/html',
    caching: project === undefined ? FILE_CACHING : PAGE_CACHING,
  };
}

/** A page that every tool reads; `urls` learns where its files are. */
function pageOf({ files }, urls) {
  const lines = files.map((file) => {
    const path = `/files/${createHash('sha256').update(file.url).digest('hex').slice(0, 16)}/${file.filename}`;
    urls.set(path, file.url);
    urls.set(`${path}.metadata`, `${file.url}.metadata`);
    const python = file['requires-python'];
    const metadata = file['core-metadata']?.sha256;
    const attributes = [
      python ? ` data-requires-python="${escaped(python)}"` : '',
      metadata === undefined ? '' : ` data-core-metadata="sha256=${metadata}"`,
    ];
    return `<a href="${path}#sha256=${file.hashes.sha256}"${attributes.join('')}>${file.filename}</a>`;
  });
  return `<!DOCTYPE html>\n<html><body>\n${lines.join('<br>\n')}\n</body></html>\n`;
}

function escaped(text) {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function send(request, response, { body, etag, type, caching }) {
  const headers = { 'content-type': type, 'cache-control': caching, etag, date: new Date().toUTCString() };
  if (request.headers['if-none-match'] === etag) response.writeHead(304, headers).end();
  else
    response
      .writeHead(200, { ...headers, 'content-length': body.length })
      .end(request.method === 'HEAD' ? undefined : body);
}
