/** Every way of going wrong. To add one: write its file, and name it here. */

import type { FaultAction } from '../fault.ts';
import { blackhole } from './blackhole.ts';
import { burst } from './burst.ts';
import { certificate } from './certificate.ts';
import { comments } from './comments.ts';
import { conclude } from './conclude.ts';
import { cut } from './cut.ts';
import { delay } from './delay.ts';
import { dns } from './dns.ts';
import { empty } from './empty.ts';
import { endless } from './endless.ts';
import { evict } from './evict.ts';
import { exec } from './exec.ts';
import { exhausted } from './exhausted.ts';
import { freeze } from './freeze.ts';
import { garble } from './garble.ts';
import { html } from './html.ts';
import { impostor } from './impostor.ts';
import type { FaultKind } from './kind.ts';
import { leave } from './leave.ts';
import { misnumber } from './misnumber.ts';
import { misreport } from './misreport.ts';
import { notTls } from './not-tls.ts';
import { oddHead } from './odd-head.ts';
import { preambleThenFail } from './preamble-then-fail.ts';
import { queueFull } from './queue-full.ts';
import { redirect } from './redirect.ts';
import { reformat } from './reformat.ts';
import { refuse } from './refuse.ts';
import { reject } from './reject.ts';
import { repeat } from './repeat.ts';
import { reset } from './reset.ts';
import { shortBody } from './short-body.ts';
import { restart } from './restart.ts';
import { silentEnd } from './silent-end.ts';
import { silent } from './silent.ts';
import { slice } from './slice.ts';
import { slowClose } from './slow-close.ts';
import { slowUpload } from './slow-upload.ts';
import { slow } from './slow.ts';
import { stale } from './stale.ts';
import { stall } from './stall.ts';
import { stopReading } from './stop-reading.ts';
import { throttle } from './throttle.ts';
import { toolCut } from './tool-cut.ts';
import { truncate } from './truncate.ts';
import { wedge } from './wedge.ts';

export const faultKinds: readonly FaultKind[] = [
  refuse,
  blackhole,
  queueFull,
  dns,
  exhausted,
  silent,
  freeze,
  notTls,
  certificate,
  delay,
  stall,
  slow,
  slowUpload,
  slice,
  burst,
  reset,
  cut,
  toolCut,
  truncate,
  shortBody,
  silentEnd,
  slowClose,
  stale,
  reject,
  oddHead,
  redirect,
  html,
  impostor,
  preambleThenFail,
  empty,
  comments,
  garble,
  repeat,
  endless,
  reformat,
  misnumber,
  misreport,
  conclude,
  leave,
  stopReading,
  throttle,
  evict,
  wedge,
  restart,
  exec,
];

const kindByName: ReadonlyMap<string, FaultKind> = new Map(
  faultKinds.map((kind) => [kind.kind, kind]),
);

/** The kind of an action. */
export const kindOf = ({ kind: name }: Pick<FaultAction, 'kind'>): FaultKind => {
  const kind = kindByName.get(name);
  if (!kind) throw new Error(`no kind of fault is called ${name}`);
  return kind;
};
