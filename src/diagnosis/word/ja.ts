/** Findings in Japanese. */

import { daysLeftMin, lowMemoryMb, ollamaPort } from '../finding.ts';
import type { DiagnosisWords, Sayings } from './language.ts';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} 秒`;
const all = (names: readonly string[]): string => names.join('、');

const gigabytes = (mb: number): string => (mb / 1024).toFixed(1);

const sayings: Sayings = {
  simulated: () => ({ what: 'シミュレーションのため、接続先はありません' }),
  resolved: (fact) => ({ what: fact.addresses.join(', ') }),
  'unknown-host': (fact) => ({
    what: `名前を解決できません：${fact.host}`,
    todo: 'つづりを確認してください。tailnet の名前なら、この端末で Tailscale と MagicDNS が有効か `tailscale status` で確認します。',
  }),
  'dns-silent': (fact) => ({
    what: `DNS サーバーが ${seconds(fact.waitedMs)}以内に応答しません`,
    todo: 'この端末のネットワークと DNS の設定を `resolvectl status` で確認してください。',
  }),
  'dns-failed': (fact) => ({
    what: `${fact.host} の名前解決に失敗しました（${fact.code}）`,
    todo: 'この端末のネットワークと DNS の設定を `resolvectl status` で確認してください。',
  }),
  connected: (fact) => ({ what: `${fact.address} のポート ${fact.port} が応答` }),
  refused: (fact) => ({
    what: `${fact.host} は応答しますが、ポート ${fact.port} で待ち受けているものがありません`,
    todo:
      fact.port === ollamaPort
        ? '本体でサーバーを起動してください（`systemctl status ollama`）。Ollama は OLLAMA_HOST を指定しない限りループバックでしか待ち受けません。'
        : '接続先でサーバーを起動するか、`url` のホスト名とポートを確認してください。サーバーがループバックだけで待ち受けている場合もあります。',
  }),
  silent: (fact) => ({
    what: `${fact.address} のポート ${fact.port} から SYN への応答が ${seconds(fact.waitedMs)}間ありません`,
    todo: '電源断・スリープ、ファイアウォールによる破棄、経路上の損失のいずれかです。2 か所のパケットキャプチャで切り分けてください。',
  }),
  unroutable: (fact) => ({
    what: `${fact.host} への経路がありません（${fact.code}）`,
    todo: 'この端末が正しいネットワークまたは tailnet にいるか、`ip route get` と `tailscale status` で確認してください。',
  }),
  tunnelled: (fact) => ({ what: `${fact.proxy} 経由` }),
  'tunnel-refused': (fact) => ({
    what: `HTTP プロキシ ${fact.proxy} が ${fact.target} への接続を許可しません（${fact.status}）`,
    todo:
      fact.status === 407
        ? '認証が必要です。プロキシの URL に名前とパスワードを書いてください。'
        : 'プロキシで許可してもらうか、直接届く場合は NO_PROXY にホスト名を加えてください。',
  }),
  'tunnel-broken': (fact) => ({
    what: `HTTP プロキシ ${fact.proxy} 経由で接続できません：${fact.message}`,
    todo: 'HTTPS_PROXY を確認してください。直接届く場合は NO_PROXY にホスト名を加えます。',
  }),
  certified: (fact) => ({
    what: `${fact.name}、発行者 ${fact.issuer}、残り ${fact.daysLeft} 日`,
    ...(fact.daysLeft < daysLeftMin && {
      todo: '証明書が自動更新されていません。本体で `tailscale cert` を実行するか、ACME クライアントのログを確認してください。',
    }),
  }),
  expired: (fact) => ({
    what: `証明書は ${fact.daysAgo} 日前に期限が切れています`,
    todo: '本体で証明書を更新し、両方の時計が合っているか確認してください。',
  }),
  'wrong-name': (fact) => ({
    what: `証明書の名前が ${fact.host} ではなく ${fact.names} です`,
    todo: '`url` には証明書に記載された名前を使ってください。',
  }),
  untrusted: (fact) => ({
    what: `${fact.issuer} が発行した証明書を信頼できません（${fact.code}）`,
    todo: 'この端末で発行元の認証局を信頼するか（NODE_EXTRA_CA_CERTS）、公的な証明書を使ってください。通信を検査する社内プロキシの証明書かもしれません。',
  }),
  'tls-silent': (fact) => ({
    what: `TCP は応答しますが、TLS が ${seconds(fact.waitedMs)}以内に応答しません`,
    todo: '中継だけが応答しています。Funnel の場合は Spark が停止しているか tailscaled が固まっています（`sudo systemctl restart tailscaled`）。',
  }),
  'tls-broken': (fact) => ({
    what: `TLS に失敗しました：${fact.message}`,
    todo: 'このポートが TLS に対応していなければ、`url` を http:// にしてください。',
  }),
  answered: (fact) => ({ what: `${fact.status}` }),
  'http-silent': (fact) => ({
    what: `接続はできますが、HTTP の応答が ${seconds(fact.waitedMs)}以内にありません`,
    todo: 'サーバーが固まっています。本体で `journalctl -u ollama -n 50` を確認し、`sudo systemctl restart ollama` を実行してください。',
  }),
  'http-broken': (fact) => ({
    what: `接続が切れました：${fact.message}`,
    todo: '相手が HTTP に対応していない可能性があります。同じアドレスに `curl -v` を試してください。',
  }),
  unauthorized: (fact) =>
    fact.status === 403
      ? {
          what: '拒否されました（403）',
          todo: 'キーに権限がないか、リソースのネットワーク規則でこの端末のアドレスが許可されていません。',
        }
      : {
          what: fact.hasKey ? 'キーが拒否されました（401）' : 'キーが必要です（401）',
          todo: fact.hasKey
            ? '`apiKey` を確認してください。期限切れ、別リソースのキー、空の環境変数が考えられます。'
            : 'このバックエンドに `apiKey` を設定してください。',
        },
  'token-not-tried': () => ({ what: 'Entra のトークンを求めています（401、想定どおり）' }),
  'no-api': (fact) => ({
    what: `${fact.path} がありません（${fact.status}）`,
    todo: '`url` のパスを確認してください。OpenAI 互換サーバーは通常 /v1 で終わります。',
  }),
  'rate-limited': () => ({
    what: 'レート制限中です（429）',
    todo: '到達はできますが、クォータを使い切っています。待つか、デプロイの上限を上げてください。',
  }),
  gateway: (fact) => ({
    what: `中継だけが応答し、その先のサーバーが動いていません（${fact.status}）`,
    todo: '本体と中継（Funnel、nginx）は動いています。その先のサーバーを起動してください。',
  }),
  'bad-status': (fact) => ({
    what: `${fact.status} が返りました`,
    todo: 'サーバー側のログを確認してください。',
  }),
  keyless: (fact) => ({
    what: `公開名 ${fact.host} で、キーなしで Ollama が使えます`,
    todo: '誰でも使える状態です。Ollama はループバックに置き、`keys` を設定した Spillway を前段に置いてください。',
  }),
  ollama: (fact) => ({ what: `Ollama ${fact.version}` }),
  spillway: (fact) => ({ what: `Spillway ${fact.version}` }),
  'not-ollama': () => ({
    what: '応答しているのは Ollama ではありません',
    todo: 'ホストとポートを確認してください。OpenAI 互換の API なら `kind: openai` を指定します。',
  }),
  'has-models': (fact) => ({ what: `${all(fact.models)} あり` }),
  'lacks-model': (fact) => ({
    what: `${fact.model} がありません`,
    todo: fact.isOllama
      ? `本体で ollama pull ${fact.model} を実行してください。`
      : '`model` の名前を確認するか、そこにデプロイしてください。',
  }),
  'remote-model': (fact) => ({
    what: `${fact.model} は本体ではなく ${fact.host} で動いており、送信した内容は外部に出ます`,
    todo: 'local-only の要求はここに送られません。本体に置いたモデル（`ollama pull`）を `model` に指定してください。',
  }),
  loaded: (fact) => ({ what: `${all(fact.models)} を読み込み済み` }),
  'not-loaded': (fact) => ({
    what: `${all(fact.models)} は未読み込み`,
    todo: '次の要求は読み込みを待ちます（120B では 30 秒以上）。常駐させるには本体で OLLAMA_KEEP_ALIVE=-1 を設定します。',
  }),
  'on-gpu': (fact) =>
    fact.ratio === 1
      ? { what: `${fact.model} は 100 % GPU 上` }
      : {
          what: `${fact.model} は ${Math.floor(fact.ratio * 100)} % しか GPU に載っていません`,
          todo:
            fact.ratio === 0
              ? 'CPU で動いており、10 倍ほど遅くなります。`nvidia-smi` を確認し、`sudo systemctl restart ollama` を実行してください。'
              : '残りは CPU で動いています。メモリを空けるか、コンテキスト（`numCtx`）を小さくするか、他のモデルを降ろしてください。',
        },
  window: (fact) => ({ what: `${fact.model}：${fact.tokens} トークン` }),
  'other-window': (fact) => ({
    what: `${fact.model}：${fact.tokens} トークンで読み込み済み、設定は ${fact.numCtx}`,
    todo: '値が変わるたびにモデルが読み直されます。この本体を使う側で値をそろえてください。',
  }),
  'ssh-absent': () => ({
    what: 'この端末に `ssh` がありません',
    todo: 'OpenSSH クライアントを入れてください。',
  }),
  'ssh-failed': (fact) => ({
    what: `${fact.host} への ssh に失敗しました：${fact.message}`,
    todo: 'パスワードなしで入れる必要があります。`ssh -o BatchMode=yes` で試してください。',
  }),
  'command-silent': (fact) => ({
    what: `${fact.command} が ${seconds(fact.waitedMs)}以内に応答しません`,
    todo: '本体側で止まっています。ドライバーやディスクの異常が考えられます。本体で直接実行してみてください。',
  }),
  absent: (fact) => ({ what: `本体に ${fact.command} がないか、パスが通っていません` }),
  'command-failed': (fact) => ({ what: `${fact.command} が失敗しました：${fact.message}` }),
  'gpu-seen': (fact) => ({ what: `${fact.name}、ドライバー ${fact.driver}` }),
  'driver-mismatch': () => ({
    what: 'ドライバーは更新されましたが、古いものが動いたままです（Driver/library version mismatch）',
    todo: '本体を再起動してください。それまで Ollama は CPU で動きます。`sudo reboot`',
  }),
  'driver-dead': (fact) => ({
    what: `nvidia-smi が失敗しました：${fact.message}`,
    todo: 'ドライバーが読み込まれているか `dmesg | grep -i nvidia` で確認してください。再起動で直ることもあります。',
  }),
  service: (fact) =>
    fact.state === 'active'
      ? { what: 'ollama は稼働中' }
      : {
          what: [`ollama の状態：${fact.state}`, ...fact.lines].join('\n'),
          todo: '`sudo systemctl restart ollama` のあと、`journalctl -u ollama -n 50` を確認してください。',
        },
  'packages-fine': () => ({ what: '期限切れの署名はありません' }),
  'signature-expired': (fact) => ({
    what: ['署名鍵の期限が切れたパッケージ配布元があります', ...fact.lines].join('\n'),
    todo: 'このままでは更新が届きません。配布元の新しい鍵を入れ、`sudo apt-get update` を実行してください。',
  }),
  'free-memory': (fact) => ({
    what: `空きメモリ ${gigabytes(fact.availableMb)} / ${gigabytes(fact.totalMb)} GB`,
    ...(fact.availableMb < lowMemoryMb && {
      todo: 'GPU と CPU はこのメモリを共有します。他の処理を止めるか、モデルを降ろしてください（`ollama stop`）。',
    }),
  }),
};

export const japanese: DiagnosisWords = {
  level: { ok: '正常', warn: '注意', bad: '異常' },
  step: {
    dns: '名前解決',
    tcp: 'TCP',
    proxy: 'プロキシ',
    tls: 'TLS',
    http: 'HTTP',
    version: 'バージョン',
    models: 'モデル',
    memory: '読み込み',
    gpu: 'GPU',
    context: 'コンテキスト長',
    ssh: 'ssh',
    driver: 'ドライバー',
    service: 'サービス',
    packages: 'パッケージ',
  },
  residency: { local: 'ローカル', cloud: 'クラウド' },
  reachable: '到達可能',
  unreachable: '到達できません',
  sayings,
  whereItStops: ({ here, there }) => [
    'この端末は有線ですか、Wi-Fi ですか。ゲスト Wi-Fi や端末間の通信遮断は、何も返さずにパケットを捨てます。',
    '次の 2 行で、どこで失われているかを切り分けられます。両方を動かしてから、もう一度試してください。',
    `  この端末：${here}`,
    `  本体：    ${there}`,
    'SYN がこちらで見えて本体で見えない：途中で失われています（Wi-Fi の分離、VLAN、tailnet の規則）。',
    '本体に SYN が届くが応答しない：本体のファイアウォール。応答がこちらに届かない：戻りの経路。',
  ],
};
