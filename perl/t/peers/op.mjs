// oidc-provider, an independent and certified OAuth2 provider, as a peer for the tests.
// usage: node op.mjs NODE-FOLDER PKI-FOLDER [PORT]      (PORT 0 or absent: a free one)
// It listens on loopback, prints one line of JSON when it is ready, and ends with its standard input.

import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { pathToFileURL } from 'node:url';

// advice for production servers is none for tests
console.info = console.warn = () => {};

const [, , node, pki, port] = process.argv;
const main = path.resolve(node, 'node_modules/oidc-provider/lib/index.js');
const { default: Provider } = await import(pathToFileURL(main));

// the characters at the end break where a client encodes wrongly
const secret = `${randomBytes(24).toString('base64url')}~&+%/=`;
const redirectUri = 'https://localhost:8006/';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const mailbox = id => (id.includes('@') ? id : `${id}@example.org`);
const client = (id, method) => ({
  client_id: id,
  ...(method === 'none' ? {} : { client_secret: secret }),
  redirect_uris: [redirectUri],
  response_types: ['code'],
  grant_types: ['authorization_code', 'refresh_token', DEVICE, ...(method === 'none' ? [] : ['client_credentials'])],
  token_endpoint_auth_method: method,
});

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = rsa().privateKey.export({ format: 'jwk' });

// clients with keys in place of a secret, each for one kind of signature: made on demand, as it takes time
const keys = {};
const clientsWithKeys = [];
if (process.env.CLIENT_KEYS) {
  const [one, other] = [rsa(), generateKeyPairSync('ec', { namedCurve: 'P-256' })];
  for (const [alg, pair] of [['RS256', one], ['PS256', one], ['ES256', other]]) {
    const { client_secret: _, ...more } = client(alg, 'private_key_jwt');
    const jwks = { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), use: 'sig', alg }] };
    clientsWithKeys.push({ ...more, jwks, token_endpoint_auth_signing_alg: alg });
    keys[alg] = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
  }
}
const fortnight = 14 * 86400;
const configuration = {
  clients: [
    client('basic', 'client_secret_basic'),
    client('post', 'client_secret_post'),
    client('public', 'none'), // PKCE is forced
    client('long', 'client_secret_post'), // whose tokens have 3 KiB, as at Microsoft
    ...clientsWithKeys,
    { client_id: 'introspect', client_secret: secret, grant_types: [], redirect_uris: [], response_types: [] },
  ],
  jwks: { keys: [{ ...key, use: 'sig', kid: 'test', alg: 'RS256' }] },
  cookies: { keys: [randomBytes(24).toString('base64url')] },
  scopes: ['openid', 'offline_access', 'smtp.send', 'https://mail.google.com/'],
  claims: { openid: ['sub'], email: ['email'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: mailbox(id) }) }),
  // mail servers find the mailbox of a token in its introspection
  extraTokenClaims: (_, token) => ({ email: mailbox(token.accountId ?? token.clientId) }),
  // as the large providers have it: the mailbox stands in the ID token
  conformIdTokenClaims: false,
  rotateRefreshToken: true,
  pkce: { required: (_, { tokenEndpointAuthMethod }) => tokenEndpointAuthMethod === 'none' },
  ttl: {
    AccessToken: Number(process.env.AT_TTL || 3600),
    AuthorizationCode: 60,
    DeviceCode: 600,
    ClientCredentials: Number(process.env.AT_TTL || 3600),
    Grant: fortnight,
    IdToken: 3600,
    Interaction: 3600,
    RefreshToken: fortnight,
    Session: 86400,
  },
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    devInteractions: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
};

// the issuer's name has the port in it, which is known only after listening
const read = name => fs.readFileSync(path.join(pki, name));
const server = https.createServer({ key: read('server.key'), cert: read('server.crt') });
server.listen(Number(port || 0), '127.0.0.1', () => {
  const url = `https://localhost:${server.address().port}`;
  const provider = new Provider(url, configuration);
  for (const [model, end] of [[provider.AccessToken, ''], [provider.RefreshToken, '~&+%/=']]) {
    const tokenId = model.prototype.generateTokenId;
    model.prototype.generateTokenId = function () {
      const more = this.clientId === 'long' ? randomBytes(2304).toString('base64url') + end : '';
      return tokenId.call(this) + more;
    };
  }
  server.on('request', provider.callback());
  console.log(JSON.stringify({ url, 'client-secret': secret, 'redirect-uri': redirectUri, keys }));
});

process.stdin.resume().on('end', () => process.exit(0));
