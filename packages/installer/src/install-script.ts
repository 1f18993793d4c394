// `.salver/install.sh`, inside every artifact: the way in for hosts without Node. Text, not a function, because it
// runs there: POSIX sh (dash and busybox are tested), tar, gzip, sha256sum. test/install-script.test.ts runs it.
//
// It keeps the order of installRelease: check, stage, sync, rename, switch. What it does not do: it links nothing
// from installed releases, writes no record (`salver-host install` of the same artifact adds it), compares of
// the needs only platform, glibc and Python, and leaves refusing hostile archives to tar: it finds every damage, but the
// one who built the artifact must be trusted.

import { PYTHON_FUNCTIONS } from './install-script-python.js';

/** A whole POSIX sh script: `sh install.sh ARTIFACT ROOT`. */
export const installScript = String.raw`#!/bin/sh
# Installs a Salver artifact and makes it the current release, with only sh, tar, gzip and sha256sum.
#
#   sh install.sh ARTIFACT ROOT
#   tar xzOf ARTIFACT .salver/install.sh | sh -s -- ARTIFACT ROOT
#
# Every byte is compared with the manifest, and the manifest with the id in the artifact's name. The running
# release stays as it is until the last step, one rename. Run it only with artifacts you trust: unlike
# salver-host it relies on tar to keep a hostile archive inside its directory.
set -eu
umask 022
LC_ALL=C
export LC_ALL

fail() { # EXIT-STATUS CODE MESSAGE HINT
  printf 'error: %s [%s]\nhint: %s\n' "$3" "$2" "$4" >&2
  exit "$1"
}

main() {
  [ "$#" -eq 2 ] || fail 2 E_USAGE 'expected two arguments' 'sh install.sh ARTIFACT ROOT'
  artifact=$1
  root=$2
  [ -f "$artifact" ] || fail 4 E_ARTIFACT_NOT_FOUND "there is no file $artifact" 'check the path'
  scratch=$(mktemp -d)
  staging= took_link_lock= took_flock=
  trap clean_up EXIT
  trap 'exit 130' HUP INT TERM
  read_head
  check_host
  check_python
  prepare_root
  take_lock
  check_current
  if [ -d "$root/releases/$release" ]; then
    installed=already
  else
    installed=now
    stage
    put_in_place
  fi
  fill_shared
  activate
}

clean_up() {
  if [ -n "$took_flock" ]; then : >"$root/.salver/lock"; fi
  if [ -n "$took_link_lock" ]; then rm -f "$root/.salver/lock.held"; fi
  if [ -n "$staging" ]; then rm -rf "$staging"; fi
  rm -rf "$scratch"
}

damaged() {
  fail 3 E_ARTIFACT_DAMAGED "$artifact is damaged: $1" 'copy or download the artifact again'
}

# The manifest decides what the release is; its digest is the release's id.
read_head() {
  for part in manifest layout source; do
    gzip -dc <"$artifact" 2>/dev/null | tar -xOf - ".salver/$part.json" >"$scratch/$part" 2>/dev/null || :
    [ -s "$scratch/$part" ] || damaged "it has no $part"
  done
  manifest=$scratch/manifest
  id=$(sha256sum <"$manifest" | cut -c 1-64)
  short_id=$(printf %s "$id" | cut -c 1-12)
  case $(basename "$artifact") in
    *-"$short_id".tar.gz) ;;
    *-[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f].tar.gz)
      damaged "its manifest has the id $short_id, its name another one" ;;
    *) printf 'warning: the name of %s has no id to compare with; it is %s\n' "$artifact" "$id" >&2 ;;
  esac
  case $(cat "$manifest") in
    '{"format":1,'*) ;;
    *) fail 3 E_FORMAT_UNKNOWN "$artifact has an unknown format" 'use the install.sh of the artifact itself' ;;
  esac
  # Canonical JSON: keys are sorted, and a quote inside a text always has a backslash before it.
  version=$(sed -n 's/.*\],"version":"\([0-9A-Za-z][0-9A-Za-z.+_-]*\)"}$/\1/p' "$manifest")
  target=$(sed -n 's/.*,"target":"\([a-z0-9-]*\)","units":\[.*/\1/p' "$manifest")
  [ -n "$version" ] && [ -n "$target" ] || damaged 'its manifest cannot be read'
  release=$version-$short_id
  { tr '[' '\n' <"$manifest"; echo; } | sed -n 's/^\([0-9]\{1,\}\),"\([0-9a-f]\{64\}\)"\].*/\1 \2/p' >"$scratch/members"
  shared=$(sed -n 's/.*"shared":\["\([^]]*\)"\].*/\1/p' "$manifest" | sed 's/","/|/g')
  case $shared in
    *[!A-Za-z0-9._/@+\ \|-]* | .salver* | *'|.salver'*)
      fail 2 E_PATH_UNSAFE 'a shared path has unusual characters' 'install this release with salver-host' ;;
  esac
}

host_target() {
  case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) os=$(uname -s | tr 'A-Z' 'a-z') ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    armv*) arch=arm ;;
    i?86) arch=ia32 ;;
    ppc64le) arch=ppc64 ;;
    *) arch=$(uname -m) ;;
  esac
  libc=
  glibc=
  if [ "$os" = linux ]; then
    glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed -n 's/^glibc //p') || :
    if [ -n "$glibc" ]; then
      libc=-glibc
    elif ls /lib/ld-musl-*.so.1 >/dev/null 2>&1; then
      libc=-musl
    else
      libc=-glibc
    fi
  fi
  printf '%s %s' "$os-$arch$libc" "$glibc"
}

check_host() {
  facts=$(host_target)
  here=$(printf %s "$facts" | cut -d ' ' -f 1)
  glibc=$(printf %s "$facts" | cut -d ' ' -f 2)
  [ "$here" = "$target" ] ||
    fail 5 E_PLATFORM_MISMATCH "the release is for $target; this host is $here" "build the release for $here"
  needed=$(sed -n 's/.*"needs":{[^}]*"glibc":{"by":"[^"]*","version":"\([0-9.]*\)"}.*/\1/p' "$manifest")
  [ -n "$needed" ] || needed=$(sed -n 's/.*"glibc":{"by":"[^"]*","version":"\([0-9.]*\)"}.*/\1/p' "$manifest")
  if [ -n "$needed" ] && [ -n "$glibc" ] && ! at_least "$glibc" "$needed"; then
    fail 5 E_NEEDS_UNMET "the release needs glibc $needed; this host has $glibc" 'build on a system as old as this host'
  fi
}

${PYTHON_FUNCTIONS}

at_least() { # VERSION NEEDED, as MAJOR.MINOR
  major=$(printf %s "$1" | cut -d . -f 1) minor=$(printf %s "$1.0" | cut -d . -f 2)
  needed_major=$(printf %s "$2" | cut -d . -f 1) needed_minor=$(printf %s "$2.0" | cut -d . -f 2)
  [ "$major" -gt "$needed_major" ] || { [ "$major" -eq "$needed_major" ] && [ "$minor" -ge "$needed_minor" ]; }
}

prepare_root() {
  mkdir -p "$root/releases" "$root/shared" "$root/.salver/records" "$root/.salver/staging" ||
    fail 5 E_ROOT_UNUSABLE "cannot set up $root" 'run as a user who may write there'
  root=$(cd "$root" && pwd)
}

note() {
  printf 'pid=%s\nstart=%s\nboot=%s\nsince=%s\naction=%s\n' "$$" "$(start_of $$)" \
    "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "install.sh $release"
}

start_of() {
  sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}

# A note names a process that is alive: same boot, same start time.
is_alive() {
  [ -s "$1" ] || return 1
  pid=$(sed -n 's/^pid=\([0-9]*\)$/\1/p' "$1")
  [ -n "$pid" ] || return 1
  [ -d /proc/self ] || { kill -0 "$pid" 2>/dev/null; return; }
  [ "$(sed -n 's/^boot=//p' "$1")" = "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)" ] || return 1
  [ "$(sed -n 's/^start=//p' "$1")" = "$(start_of "$pid")" ]
}

locked() {
  fail 5 E_LOCK_HELD "$root is locked by process $(sed -n 's/^pid=//p' "$1" 2>/dev/null)" 'wait until it is done'
}

# The same lock as salver-host: the kernel's where there is flock(1), else a hard link that names its holder.
take_lock() {
  lock=$root/.salver/lock
  if command -v flock >/dev/null 2>&1; then
    exec 9>>"$lock"
    flock -n -x 9 || locked "$lock"
    is_alive "$lock.held" && locked "$lock.held"
    took_flock=yes
    note >"$lock"
    return
  fi
  is_alive "$lock" && locked "$lock"
  note >"$scratch/note"
  cp "$scratch/note" "$lock.$$.tmp"
  if ! ln "$lock.$$.tmp" "$lock.held" 2>/dev/null; then
    if is_alive "$lock.held"; then
      rm -f "$lock.$$.tmp"
      locked "$lock.held"
    fi
    mv -f "$lock.held" "$scratch/stale"
    ln "$lock.$$.tmp" "$lock.held" || { rm -f "$lock.$$.tmp"; locked "$lock.held"; }
  fi
  rm -f "$lock.$$.tmp"
  took_link_lock=yes
}

check_current() {
  for link in current previous; do
    if [ -e "$root/$link" ] && [ ! -L "$root/$link" ]; then
      fail 5 E_ROOT_UNUSABLE "$root/$link is not a link" 'move it away by hand, then run this again'
    fi
  done
}

disk() { # COMMAND...
  "$@" || fail 1 E_FILE_SYSTEM "cannot write in $root" 'check free space (df, df -i) and the messages above'
}

stage() {
  # What an earlier run left when it was killed; nobody else is at work, the lock is ours.
  rm -rf "$root/.salver/staging/"*
  staging=$root/.salver/staging/sh-$$
  disk mkdir "$staging" "$staging/tree"
  gzip -dc <"$artifact" >"$staging/tar" || damaged 'it cannot be decompressed, or the disk is full'
  check_bytes "$staging/tar"
  check_names "$staging/tar"
  disk tar -xomf "$staging/tar" -C "$staging/tree"
  rm -f "$staging/tar"
  link_shared "$staging/tree"
  link_python "$staging/tree"
}

padded() { # FILE: blocks of the file's entry in the archive, header included
  echo $((1 + ($(wc -c <"$1") + 511) / 512))
}

# Head, then the members, each with its digest, then 1,024 zero bytes, and not a byte more.
check_bytes() {
  position=$((512 * (1 + $(padded "$scratch/layout") + $(padded "$manifest") + $(padded "$scratch/source"))))
  : >"$scratch/actual"
  while read -r bytes digest; do
    cut_out "$1" "$position" "$bytes" | sha256sum | cut -c 1-64 >>"$scratch/actual"
    position=$((position + bytes))
  done <"$scratch/members"
  cut -d ' ' -f 2 <"$scratch/members" | cmp -s - "$scratch/actual" ||
    fail 3 E_DIGEST_MISMATCH "$artifact does not hold the bytes its manifest commits to" 'copy or download it again'
  [ "$(wc -c <"$1")" -eq $((position + 1024)) ] || damaged 'it has a wrong length'
  [ -z "$(cut_out "$1" "$position" 1024 | tr -d '\000')" ] || damaged 'it has a wrong end'
}

# FILE OFFSET LENGTH, in bytes. Only pieces of large files do not begin and end at whole blocks.
cut_out() {
  if [ $(($2 % 512 + $3 % 512)) -eq 0 ]; then
    dd if="$1" bs=512 skip=$(($2 / 512)) count=$(($3 / 512)) 2>/dev/null
  else
    dd if="$1" bs=512 skip=$(($2 / 512)) count=$(($3 / 512 + 2)) 2>/dev/null | tail -c +$(($2 % 512 + 1)) | head -c "$3"
  fi
}

check_names() {
  if tar -tf "$1" | grep -q -e '^/' -e '^\.\./' -e '/\.\./' -e '/\.\.$'; then
    fail 3 E_ARTIFACT_HOSTILE "$artifact has names that lead outside" 'do not use this file'
  fi
  if tar -tvf "$1" | cut -c 1 | grep -q '[^dl-]'; then
    fail 3 E_ARTIFACT_HOSTILE "$artifact has entries of a kind artifacts never hold" 'do not use this file'
  fi
}

each_shared() { # FUNCTION TREE
  printf '%s\n' "$shared" | tr '|' '\n' >"$scratch/shared"
  while IFS= read -r path; do
    [ -z "$path" ] || "$1" "$2" "$path"
  done <"$scratch/shared"
}

# What the artifact has at a shared path is kept as the initial content; a link takes its place.
link_one() {
  [ ! -L "$1/$2" ] || fail 2 E_PATH_UNSAFE "the shared path $2 is a link in the release" 'change it and build again'
  if [ -e "$1/$2" ]; then
    disk mkdir -p "$(dirname "$1/.salver/shared/$2")"
    disk mv "$1/$2" "$1/.salver/shared/$2"
  fi
  disk mkdir -p "$(dirname "$1/$2")"
  up=$(printf %s "$2" | sed 's|[^/][^/]*|..|g')
  disk ln -s "../$up/shared/$2" "$1/$2"
}

link_shared() { each_shared link_one "$1"; }

fill_one() {
  if [ -e "$root/shared/$2" ] || [ -L "$root/shared/$2" ]; then return 0; fi
  disk mkdir -p "$(dirname "$root/shared/$2")"
  if [ -e "$1/.salver/shared/$2" ]; then
    rm -rf "$root/shared/$2.salver-unfinished"
    disk cp -R "$1/.salver/shared/$2" "$root/shared/$2.salver-unfinished"
    disk mv "$root/shared/$2.salver-unfinished" "$root/shared/$2"
  else
    disk mkdir "$root/shared/$2"
  fi
}

fill_shared() { each_shared fill_one "$root/releases/$release"; }

flush() {
  sync -f "$root" 2>/dev/null || sync
}

# Everything is on the disk before the release gets its name.
put_in_place() {
  flush
  disk mv "$staging/tree" "$root/releases/$release"
}

replace_link() { # NAME RELEASE
  rm -f "$root/.salver-link-$$"
  disk ln -s "releases/$2" "$root/.salver-link-$$"
  # -T and -h: replace the link itself, do not move into the directory it points to.
  mv -fT "$root/.salver-link-$$" "$root/$1" 2>/dev/null || disk mv -fh "$root/.salver-link-$$" "$root/$1"
}

activate() {
  before=$(readlink "$root/current" 2>/dev/null || :)
  before=$(basename "$before")
  if [ "$before" = "$release" ] && [ "$installed" = already ]; then
    printf '%s is installed and current already\n' "$release"
    return
  fi
  if [ -n "$before" ] && [ "$before" != "$release" ]; then replace_link previous "$before"; fi
  replace_link current "$release"
  flush
  printf '%s is installed and current\n' "$release"
}

# Last line: a script that was cut off on its way does nothing.
main "$@"
`;
