/** Findings in English. */

import { daysLeftMin, lowMemoryMb, ollamaPort } from '../finding.ts';
import type { DiagnosisWords, Sayings } from './language.ts';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const all = (names: readonly string[]): string => names.join(', ');

const gigabytes = (mb: number): string => (mb / 1024).toFixed(1);

const sayings: Sayings = {
  simulated: () => ({ what: 'simulated: it runs inside Spillway, there is nothing to reach' }),
  resolved: (fact) => ({ what: all(fact.addresses) }),
  'unknown-host': (fact) => ({
    what: `no such name: ${fact.host}`,
    todo: 'Check the spelling. For a tailnet name: is Tailscale up on this machine, with MagicDNS? See `tailscale status`.',
  }),
  'dns-silent': (fact) => ({
    what: `the name server did not answer within ${seconds(fact.waitedMs)}`,
    todo: 'Check this machine’s network and its name server: `resolvectl status`.',
  }),
  'dns-failed': (fact) => ({
    what: `${fact.host} could not be looked up (${fact.code})`,
    todo: 'Check this machine’s network and its name server: `resolvectl status`.',
  }),
  connected: (fact) => ({ what: `${fact.address} port ${fact.port} answered` }),
  refused: (fact) => ({
    what: `${fact.host} is there, but nothing listens on port ${fact.port}`,
    todo:
      fact.port === ollamaPort
        ? 'Start the server on the box (`systemctl status ollama`). Ollama listens on the loopback only, unless OLLAMA_HOST says otherwise.'
        : 'Start the server there, or check host and port in `url`. A server may listen on its own loopback only.',
  }),
  silent: (fact) => ({
    what: `no answer to our SYN from ${fact.address} port ${fact.port} within ${seconds(fact.waitedMs)}`,
    todo: 'The box is off or asleep, a firewall drops packets, or the network loses them. Find out where with the two captures.',
  }),
  unroutable: (fact) => ({
    what: `there is no way to ${fact.host} (${fact.code})`,
    todo: 'Is this machine on the right network or tailnet? See `ip route get` and `tailscale status`.',
  }),
  tunnelled: (fact) => ({ what: `through ${fact.proxy}` }),
  'tunnel-refused': (fact) => ({
    what: `the HTTP proxy ${fact.proxy} does not let us through to ${fact.target} (${fact.status})`,
    todo:
      fact.status === 407
        ? 'It wants to know who asks: write name and password into its URL.'
        : 'Have it allowed there, or name the host in NO_PROXY if it can be reached directly.',
  }),
  'tunnel-broken': (fact) => ({
    what: `the HTTP proxy ${fact.proxy} did not open a way: ${fact.message}`,
    todo: 'Check HTTPS_PROXY; name the host in NO_PROXY if it can be reached directly.',
  }),
  certified: (fact) => ({
    what: `${fact.name}, by ${fact.issuer}, ${fact.daysLeft} days left`,
    ...(fact.daysLeft < daysLeftMin && {
      todo: 'The certificate has not renewed itself. On the box: `tailscale cert`, or your ACME client’s log.',
    }),
  }),
  expired: (fact) => ({
    what: `the certificate expired ${fact.daysAgo} days ago`,
    todo: 'Renew it on the box, and check that both clocks are right.',
  }),
  'wrong-name': (fact) => ({
    what: `the certificate is not for ${fact.host} but for ${fact.names}`,
    todo: 'Use the name that the certificate is for in `url`.',
  }),
  untrusted: (fact) => ({
    what: `the certificate by ${fact.issuer} cannot be trusted (${fact.code})`,
    todo: 'Trust its authority on this machine (NODE_EXTRA_CA_CERTS), or use a public certificate. Behind an inspecting company proxy this is its certificate.',
  }),
  'tls-silent': (fact) => ({
    what: `TCP answered, TLS did not within ${seconds(fact.waitedMs)}`,
    todo: 'A relay answers for a machine that does not: with Funnel, the Spark is off or its tailscaled hangs (`sudo systemctl restart tailscaled`).',
  }),
  'tls-broken': (fact) => ({
    what: `TLS failed: ${fact.message}`,
    todo: 'Does this port speak TLS at all? If not, write http:// in `url`.',
  }),
  answered: (fact) => ({ what: `${fact.status}` }),
  'http-silent': (fact) => ({
    what: `connected, but no HTTP answer within ${seconds(fact.waitedMs)}`,
    todo: 'The server hangs. On the box: `journalctl -u ollama -n 50`, then `sudo systemctl restart ollama`.',
  }),
  'http-broken': (fact) => ({
    what: `the connection broke: ${fact.message}`,
    todo: 'What listens there may not speak HTTP. Try `curl -v` with the same address.',
  }),
  unauthorized: (fact) =>
    fact.status === 403
      ? {
          what: 'refused (403)',
          todo: 'The key is known but not allowed, or the resource’s network rules shut this address out.',
        }
      : {
          what: fact.hasKey ? 'our key is refused (401)' : 'it wants a key (401)',
          todo: fact.hasKey
            ? 'Check `apiKey`: expired, of another resource, or an empty environment variable?'
            : 'Set `apiKey` for this backend.',
        },
  'token-not-tried': () => ({ what: 'it wants a token of Entra (401), as it should' }),
  'no-api': (fact) => ({
    what: `${fact.path} is not there (${fact.status})`,
    todo: 'Check the path in `url`: OpenAI-compatible servers usually want /v1 at its end.',
  }),
  'rate-limited': () => ({
    what: 'rate limited (429)',
    todo: 'Reachable, but the quota is used up. Wait, or raise the deployment’s limits.',
  }),
  gateway: (fact) => ({
    what: `a relay answered for a server that is not there (${fact.status})`,
    todo: 'The box is up and its relay (Funnel, nginx) works; start the server behind it.',
  }),
  'bad-status': (fact) => ({ what: `answered ${fact.status}`, todo: 'See the server’s own log.' }),
  keyless: (fact) => ({
    what: `Ollama answers without a key on the public name ${fact.host}`,
    todo: 'Anyone can use it. Keep Ollama on the loopback and put a Spillway with `keys` in front of it.',
  }),
  ollama: (fact) => ({ what: `Ollama ${fact.version}` }),
  spillway: (fact) => ({ what: `Spillway ${fact.version}` }),
  'not-ollama': () => ({
    what: 'what answers is not Ollama',
    todo: 'Check host and port, or set `kind: openai` if it speaks OpenAI’s API.',
  }),
  'has-models': (fact) => ({ what: `${all(fact.models)} present` }),
  'lacks-model': (fact) => ({
    what: `${fact.model} is not there`,
    todo: fact.isOllama
      ? `On the box: ollama pull ${fact.model}`
      : 'Check `model`, or deploy it there.',
  }),
  'remote-model': (fact) => ({
    what: `${fact.model} is served by ${fact.host}: what it is asked leaves the box`,
    todo: 'It gets no local-only requests. Name a model that is on the box itself (`ollama pull`).',
  }),
  loaded: (fact) => ({ what: `${all(fact.models)} in memory` }),
  'not-loaded': (fact) => ({
    what: `${all(fact.models)} not in memory`,
    todo: 'The next request pays for loading, 30 s and more for 120B. Set OLLAMA_KEEP_ALIVE=-1 on the box to keep it.',
  }),
  'on-gpu': (fact) =>
    fact.ratio === 1
      ? { what: `${fact.model} 100 % on the GPU` }
      : {
          what: `${fact.model} only ${Math.floor(fact.ratio * 100)} % on the GPU`,
          todo:
            fact.ratio === 0
              ? 'Ollama runs on the CPU, about ten times slower. Check `nvidia-smi`, then `sudo systemctl restart ollama`.'
              : 'The rest runs on the CPU. Free memory, take a smaller context (`numCtx`), or unload other models.',
        },
  window: (fact) => ({ what: `${fact.model}: ${fact.tokens} tokens` }),
  'other-window': (fact) => ({
    what: `${fact.model}: loaded with ${fact.tokens} tokens, the system file asks for ${fact.numCtx}`,
    todo: 'Each change reloads the model. Give all that use this box the same context.',
  }),
  'ssh-absent': () => ({
    what: 'there is no `ssh` on this machine',
    todo: 'Install an OpenSSH client.',
  }),
  'ssh-failed': (fact) => ({
    what: `ssh to ${fact.host} failed: ${fact.message}`,
    todo: 'It must work without a password: try `ssh -o BatchMode=yes` with this host.',
  }),
  'command-silent': (fact) => ({
    what: `${fact.command} gave no answer within ${seconds(fact.waitedMs)}`,
    todo: 'It hangs on the box: a stuck driver or disk does this. Try it there by hand.',
  }),
  absent: (fact) => ({ what: `${fact.command} is not installed on the box, or not in its path` }),
  'command-failed': (fact) => ({ what: `${fact.command} failed: ${fact.message}` }),
  'gpu-seen': (fact) => ({ what: `${fact.name}, driver ${fact.driver}` }),
  'driver-mismatch': () => ({
    what: 'the driver was updated, but the old one is still running (driver/library version mismatch)',
    todo: 'Restart the box: until then Ollama falls back to the CPU. `sudo reboot`',
  }),
  'driver-dead': (fact) => ({
    what: `nvidia-smi failed: ${fact.message}`,
    todo: 'Is the driver loaded? See `dmesg | grep -i nvidia`; a restart often helps.',
  }),
  service: (fact) =>
    fact.state === 'active'
      ? { what: 'ollama is active' }
      : {
          what: [`ollama is ${fact.state}`, ...fact.lines].join('\n'),
          todo: '`sudo systemctl restart ollama`, then `journalctl -u ollama -n 50`.',
        },
  'packages-fine': () => ({ what: 'no expired signature' }),
  'signature-expired': (fact) => ({
    what: ['a package source is signed with an expired key', ...fact.lines].join('\n'),
    todo: 'Updates stop silently. Fetch the vendor’s new key, then `sudo apt-get update`.',
  }),
  'free-memory': (fact) => ({
    what: `${gigabytes(fact.availableMb)} of ${gigabytes(fact.totalMb)} GB free`,
    ...(fact.availableMb < lowMemoryMb && {
      todo: 'GPU and CPU share this memory. Stop what else runs there, or unload models (`ollama stop`).',
    }),
  }),
};

export const english: DiagnosisWords = {
  level: { ok: 'ok', warn: 'warn', bad: 'bad' },
  step: {
    dns: 'DNS',
    tcp: 'TCP',
    proxy: 'proxy',
    tls: 'TLS',
    http: 'HTTP',
    version: 'version',
    models: 'models',
    memory: 'memory',
    gpu: 'GPU',
    context: 'context',
    ssh: 'ssh',
    driver: 'driver',
    service: 'service',
    packages: 'packages',
  },
  residency: { local: 'local', cloud: 'cloud' },
  reachable: 'reachable',
  unreachable: 'cannot be reached',
  sayings,
  whereItStops: ({ here, there }) => [
    'Is this machine on wired or Wi-Fi? Guest Wi-Fi and client isolation drop such packets without a word.',
    'These two lines settle where the packet is lost; run both, then try again:',
    `  here:        ${here}`,
    `  on the box:  ${there}`,
    'SYN here but not there: lost on the way (Wi-Fi isolation, VLAN, tailnet rules).',
    'SYN there, no answer: the box’s firewall. Answer there but not here: the way back.',
  ],
};
