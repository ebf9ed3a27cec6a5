/**
 * The page's style sheet: one column, one family, much air; light and dark; fit for paper.
 *
 * Colours are those of the charts, as CSS variables, so that inline charts follow the page.
 */

import { fontStack, palette } from '../chart/theme.ts';

const variables = (shade: 'light' | 'dark'): string =>
  Object.values(palette)
    .map((colour) => `--${colour.name}:${colour[shade]}`)
    .join(';');

/** The whole style sheet. */
export const styleSheet = `
:root{color-scheme:light dark;${variables('light')};--ground:#f6f5f4;--wash:#f0efed}
@media (prefers-color-scheme:dark){:root{${variables('dark')};--ground:#151413;--wash:#2a2927}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.6 "Segoe UI",system-ui,
  -apple-system,"Helvetica Neue","Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
:lang(ja) body,body:lang(ja){font-family:"Yu Gothic UI",Meiryo,"Hiragino Sans","Noto Sans JP",
  "Noto Sans CJK JP",sans-serif;line-height:1.75}
main{max-width:1040px;margin:0 auto;padding:32px 24px 72px}
h1{font-size:34px;line-height:1.25;font-weight:600;margin:4px 0 4px;overflow-wrap:anywhere}
h2{font-size:23px;font-weight:600;margin:0 0 14px}
h3{font-size:16px;font-weight:600;margin:22px 0 6px}
p{margin:0 0 12px}
section,header.top{background:var(--paper);border:1px solid var(--line);border-radius:12px;
  padding:26px 28px;margin:0 0 20px}
.muted{color:var(--muted)}
.small{font-size:14px}
.whole,td .sure.whole{white-space:nowrap}
.simulated{display:block;background:var(--purple);color:var(--paper);border-radius:8px;
  padding:9px 16px;margin:0 0 20px;font-weight:600}
.question{font-size:18px;color:var(--muted);max-width:46em;overflow-wrap:anywhere}
.badge{display:inline-block;border-radius:999px;padding:3px 16px;font-weight:600;
  color:var(--paper);background:var(--muted);white-space:nowrap}
.badge.passed,.badge.met{background:var(--green)}
.badge.missed,.badge.invalid{background:var(--red)}
.badge.undecided,.badge.partial{background:var(--orange)}
.badge.held{background:var(--green)}
.badge.harmed,.badge.wrong{background:var(--red)}
.badge.partly,.badge.not-exercised{background:var(--orange)}
.badge.tight{padding:0 10px;font-size:14px}
.verdict{display:flex;gap:14px;align-items:center;flex-wrap:wrap;margin:16px 0 14px}
.verdict .badge{font-size:20px}
.verdict p{margin:0}
section.warnings{border-left:5px solid var(--orange)}
.warnings ul{margin:0;padding-left:20px}
.warnings li{margin:0 0 5px}
.warnings li.grave{color:var(--red);font-weight:600}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(216px,1fr));gap:14px}
.tile{background:var(--wash);border-radius:10px;padding:14px 16px}
.tile .name{font-size:14px;color:var(--muted);line-height:1.4}
.tile .value{font-size:30px;line-height:1.3;font-weight:600;font-variant-numeric:tabular-nums;
  white-space:nowrap}
.tile .unit{font-size:16px;font-weight:400;color:var(--muted)}
.gap{height:22px}
.tile .sure{font-size:13px;color:var(--muted);line-height:1.45}
.tile.withheld .value{color:var(--muted);font-weight:400}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;width:100%;font-size:15px}
th,td{text-align:left;padding:7px 12px 7px 0;border-bottom:1px solid var(--line);
  vertical-align:top}
th{font-weight:600;color:var(--muted);font-size:14px}
:lang(ja) th{word-break:keep-all;overflow-wrap:break-word}
ul.notes{margin:0 0 18px;padding-left:20px}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;
  padding-left:12px}
th.number{white-space:normal}
tbody tr:last-child>*{border-bottom:0}
table.cards{font-size:14px}
table.cards td,table.cards th{padding-left:7px;padding-right:7px;font-size:14px}
table.cards th{font-size:13px}
table.cards td:first-child,table.cards th:first-child{padding-left:0}
table.cards td:last-child,table.cards th:last-child{padding-right:0}
.scroll+.scroll{margin-top:20px}
.scroll+p{margin-top:14px}
@media (min-width:1160px){section.broad{width:min(1480px,100vw - 80px);position:relative;
  left:50%;transform:translateX(-50%)}}
td .small{overflow-wrap:anywhere}
td .sure{display:block;color:var(--muted);font-size:13px;white-space:normal}
figure{margin:0 0 20px}
figure:last-child{margin:0}
figure .chart{margin-left:-12px}
figure .chart.narrow{display:none;margin-left:0}
figure svg text{font-family:${fontStack}}
figure svg{display:block;width:100%;max-width:1000px;height:auto}
figure .narrow svg{max-width:460px}
figcaption{font-size:14px;color:var(--muted);margin:6px 0 10px;max-width:60em}
details{margin:8px 0 0}
summary{cursor:pointer;color:var(--muted);font-size:14px}
details[open]>summary{margin-bottom:8px}
.empty{background:var(--wash);border-radius:10px;padding:18px;color:var(--muted)}
dl{display:grid;grid-template-columns:minmax(120px,220px) 1fr;gap:0;margin:0;font-size:15px}
dt,dd{padding:7px 0;border-bottom:1px solid var(--line);margin:0}
dt{color:var(--muted);padding-right:16px}
dd{overflow-wrap:anywhere}
code,pre{font-family:"Cascadia Mono",Consolas,"SF Mono",Menlo,"Noto Sans Mono",monospace;
  font-size:13.5px}
pre{background:var(--wash);border-radius:10px;padding:14px;overflow-x:auto;line-height:1.45;
  margin:8px 0}
@media (max-width:640px){
main{padding:16px 12px 40px}
section,header.top{padding:18px 16px}
h1{font-size:27px}
dl{grid-template-columns:1fr}
.tiles{grid-template-columns:1fr 1fr;gap:8px}
td:first-child{min-width:6.5em}
:lang(ja) th{word-break:normal}
:lang(ja) td.number{word-break:keep-all}
:lang(ja) td.number .muted{word-break:normal;overflow-wrap:anywhere}
figure .chart.wide{display:none}
figure .chart.narrow{display:block}
table.cards,table.cards tbody,table.cards tr,table.cards td{display:block;width:auto}
table.cards thead{display:none}
table.cards tr{border-bottom:1px solid var(--line);padding:8px 0}
table.cards tr:last-child{border-bottom:0}
table.cards td,table.cards td.number{border:0;padding:3px 0;text-align:left;
  display:grid;grid-template-columns:minmax(7em,36%) 1fr;column-gap:10px}
table.cards td::before{content:attr(data-heading);color:var(--muted);font-size:13px;
  grid-row:1/span 9}
table.cards td>*{grid-column:2;justify-self:start}
table.cards td.blank{display:none}
td.number{white-space:normal}
dt{border:0;padding-bottom:0}
}
@media print{
:root{${variables('light')};--ground:#fff;--wash:#f6f5f4}
body{font-size:11pt}
main{max-width:none;padding:0}
section,header.top,section.warnings{border:0;padding:0 0 14pt;margin:0;break-inside:auto}
.tile,figure .chart,tr{break-inside:avoid}
h2{break-after:avoid}
figure .chart.wide{display:block;margin-left:0}
figure .chart.narrow{display:none}
.simulated,.badge,.badge.badge{color:#000;background:none;border:1px solid #000}
details:not([open]){display:none}
}
`.trim();
