/**
 * The page's style sheet and its one script, and the policy that allows these two and nothing else.
 *
 * The script asks for the page anew and puts its live part in place of the old one. Without scripts
 * the page reloads by itself. A policy of hashes means that nothing a backend says can ever run.
 */

import { createHash } from 'node:crypto';

import { Markup } from './markup.ts';

const styleSheet = `
:root{color-scheme:light dark;--ground:#f4f4f2;--paper:#fff;--ink:#1b1a19;--muted:#66635f;
--line:#dedcd8;--wash:#f0efec;--ok:#12704a;--ok-wash:#dff3e8;--warn:#8a5300;--warn-wash:#fdf0d8;
--bad:#b3261e;--bad-wash:#fde5e2;--local:#12704a;--cloud:#1f5fae}
@media (prefers-color-scheme:dark){:root{--ground:#131313;--paper:#1d1d1c;--ink:#f2f0ed;
--muted:#a5a29d;--line:#383734;--wash:#292826;--ok:#5fd39a;--ok-wash:#12301f;--warn:#f3b95f;
--warn-wash:#38290e;--bad:#ff8a80;--bad-wash:#431a17;--local:#5fd39a;--cloud:#7db4f5}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:18px/1.5 "Segoe UI",system-ui,
-apple-system,"Helvetica Neue","Noto Sans",sans-serif}
:lang(ja) body,body:lang(ja){font-family:"Yu Gothic UI",Meiryo,"Hiragino Sans","Noto Sans JP",
"Noto Sans CJK JP",sans-serif}
.page{max-width:1360px;margin:0 auto;padding:24px 32px 64px}
header{display:flex;gap:8px 22px;align-items:baseline;flex-wrap:wrap;margin:0 0 20px;
color:var(--muted)}
header strong{color:var(--ink);font-size:24px;font-weight:700;letter-spacing:-.01em}
header .end{margin-left:auto;display:flex;gap:22px;align-items:baseline}
header .clock{font-variant-numeric:tabular-nums;color:var(--ink)}
a{color:inherit}
.lost{display:none;background:var(--bad);color:var(--paper);border-radius:12px;padding:12px 20px;
margin:0 0 20px;font-weight:600}
.stale .lost{display:block}
.stale #live{opacity:.5}
.hero{display:grid;grid-template-columns:1fr 1fr;gap:20px;margin:0 0 32px}
.hero>div{background:var(--paper);border:1px solid var(--line);border-radius:18px;
padding:24px 32px 26px;border-top:10px solid var(--line);min-width:0}
.hero .local{border-top-color:var(--local)}
.hero .cloud{border-top-color:var(--cloud)}
.hero .bad{border-top-color:var(--bad)}
.label{font-size:20px;color:var(--muted);font-weight:600}
.big{font-size:92px;line-height:1.1;font-weight:700;letter-spacing:-.03em;overflow-wrap:anywhere}
.local>.big{color:var(--local)}
.cloud>.big{color:var(--cloud)}
.bad>.big{color:var(--bad)}
.large{font-size:52px;line-height:1.2;font-weight:700;letter-spacing:-.02em;margin:12px 0 10px;
overflow-wrap:anywhere}
.large .arrow{color:var(--muted);font-weight:400;padding:0 .3em}
.large.none{color:var(--muted);font-weight:400;font-size:34px}
.sub{font-size:22px;color:var(--muted);margin-top:8px}
.sub b{color:var(--ink);font-weight:600}
.chip{display:inline-block;border-radius:999px;padding:1px 14px;font-size:17px;font-weight:600;
background:var(--wash);color:var(--muted);white-space:nowrap}
.chip.ok{background:var(--ok-wash);color:var(--ok)}
.chip.warn{background:var(--warn-wash);color:var(--warn)}
.chip.bad{background:var(--bad-wash);color:var(--bad)}
.chip.local{background:var(--ok-wash);color:var(--local)}
.chip.cloud{background:var(--wash);color:var(--cloud)}
.models{margin:10px 0 0;padding:0;list-style:none;font-size:20px}
h2{font-size:24px;font-weight:600;margin:0 0 14px}
section{margin:0 0 32px}
.backends{display:grid;grid-template-columns:repeat(auto-fit,minmax(520px,1fr));gap:20px;
align-items:start}
.backend{background:var(--paper);border:1px solid var(--line);border-radius:16px;
padding:20px 26px 22px;border-left:10px solid var(--line);min-width:0}
.backend.ok{border-left-color:var(--ok)}
.backend.warn{border-left-color:var(--warn)}
.backend.bad{border-left-color:var(--bad)}
.backend h3{font-size:32px;line-height:1.25;font-weight:700;margin:0;letter-spacing:-.01em}
.row{display:flex;gap:8px 14px;flex-wrap:wrap;align-items:center}
.row .end{margin-left:auto}
.why{background:var(--bad-wash);color:var(--bad);border-radius:10px;padding:10px 16px;
margin:14px 0 0;overflow-wrap:anywhere}
.why b{font-weight:700}
.load{margin:14px 0 0;color:var(--muted)}
.load b{color:var(--ink);font-size:22px;font-variant-numeric:tabular-nums}
.load svg{height:20px;vertical-align:-3px;max-width:100%}
.busy{fill:var(--ink)}
.free{fill:none;stroke:var(--muted);stroke-width:1.5}
.address{margin:16px 0 0;border-top:1px solid var(--line);padding-top:14px}
.url{font-family:"Cascadia Mono",Consolas,"SF Mono",Menlo,"Noto Sans Mono",monospace;
font-size:16px;color:var(--muted);overflow-wrap:anywhere}
.steps{display:flex;flex-wrap:wrap;gap:6px;margin:10px 0 0;padding:0;list-style:none}
.steps li{border-radius:8px;padding:4px 12px;font-size:16px;line-height:1.4;background:var(--wash)}
.steps li.ok{background:var(--ok-wash);color:var(--ok)}
.steps li.warn{background:var(--warn-wash);color:var(--warn)}
.steps li.bad{background:var(--bad-wash);color:var(--bad)}
.steps b{font-weight:700}
.todo{margin:10px 0 0;padding:0;list-style:none;font-size:17px}
.todo li{padding:8px 0 0 24px;position:relative}
.todo li::before{content:"";position:absolute;left:4px;top:18px;width:10px;height:10px;
border-radius:50%;background:var(--warn)}
.todo li.bad::before{background:var(--bad)}
code{font:.92em "Cascadia Mono",Consolas,"SF Mono",Menlo,"Noto Sans Mono",monospace;
background:var(--wash);border-radius:5px;padding:1px 5px;color:var(--ink)}
.todo .advice{color:var(--muted);display:block}
.scroll{overflow-x:auto;background:var(--paper);border:1px solid var(--line);border-radius:16px;
padding:8px 26px}
table{border-collapse:collapse;width:100%;font-size:19px}
th,td{text-align:left;padding:11px 18px 11px 0;border-bottom:1px solid var(--line);
white-space:nowrap}
th{font-size:16px;color:var(--muted);font-weight:600}
td.wide{white-space:normal;min-width:12em}
.number{text-align:right;font-variant-numeric:tabular-nums;padding-right:0;padding-left:18px}
.time{font-variant-numeric:tabular-nums}
tbody tr:last-child>*{border-bottom:0}
tr.total td{font-weight:700}
.faint{color:var(--muted)}
.empty{color:var(--muted);padding:14px 0;margin:0}
.note{font-size:16px;color:var(--muted);margin:10px 4px 0}
summary{cursor:pointer;font-size:18px;color:var(--muted)}
pre{font:15px/1.5 "Cascadia Mono",Consolas,"SF Mono",Menlo,"Noto Sans Mono",monospace;
background:var(--paper);border:1px solid var(--line);border-radius:16px;padding:18px 24px;
overflow-x:auto}
@media (max-width:900px){.page{padding:16px 14px 40px}.hero{grid-template-columns:1fr}
.big{font-size:64px}.large{font-size:38px}.backends{grid-template-columns:1fr}
.hero>div,.backend{padding:18px}}
`.trim();

/** Between two looks of the page at the server. */
const pollMs = 2000;

const script = `
const look = async () => {
  try {
    if (document.visibilityState === 'visible') {
      const answer = await fetch(location.href, { cache: 'no-store' });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      document.getElementById('live').replaceWith(page.getElementById('live'));
      document.body.classList.remove('stale');
    }
  } catch {
    document.body.classList.add('stale');
  }
  setTimeout(look, ${pollMs});
};
setTimeout(look, ${pollMs});
`.trim();

/** Whole elements: a blank more or less inside would change their hash. */
export const styleElement = new Markup(`<style>${styleSheet}</style>`);
export const scriptElement = new Markup(`<script>${script}</script>`);

const hashOf = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** What the page may do: use these two, and ask where it came from. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `script-src ${hashOf(script)}`,
  `style-src ${hashOf(styleSheet)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
