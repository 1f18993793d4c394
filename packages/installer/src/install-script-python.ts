// The part of install.sh that finds this host's Python and links it, as python-links.ts does for salver-host.

export const PYTHON_FUNCTIONS = String.raw`# The interpreter is the host's; the release says only which version and ABI it needs.
check_python() {
  python_needed=$(sed -n 's/.*"python":{[^}]*"version":"\(3\.[0-9]*\)"}.*/\1/p' "$manifest")
  [ -n "$python_needed" ] || return 0
  soabi=$(sed -n 's/.*"python":{[^}]*"soabi":"\([A-Za-z0-9_.-]*\)".*/\1/p' "$manifest")
  configured=$(printenv SALVER_PYTHON || cat "$root/config/python" 2>/dev/null || :)
  for python in "$configured" "$(command -v "python$python_needed" || :)" "/usr/local/bin/python$python_needed"; do
    [ -n "$python" ] || continue
    answer=$("$python" -I -S -c "$python_question" 2>/dev/null) || answer=
    python=$(printf %s "$answer" | cut -d '|' -f 3-)
    case $answer in "$python_needed|$soabi|"/*) return 0 ;; esac
  done
  fail 5 E_NEEDS_UNMET "the app needs Python $python_needed ($soabi); this host has none" \
    "install python$python_needed, or write the path of one into $root/config/python"
}

python_question='
import os, sys, sysconfig
path = getattr(sys, "_base_executable", None) or sys.executable
version = "%d.%d" % sys.version_info[:2]
stable = os.path.join(os.path.dirname(path), "python" + version)
if os.path.realpath(stable) == os.path.realpath(path): path = stable
print(version, sysconfig.get_config_var("SOABI"), path, sep="|")'

link_python() { # TREE
  [ -n "$python_needed" ] || return 0
  [ -d "$1/.venv/bin" ] && [ ! -L "$1/.venv/bin" ] && [ ! -L "$1/.venv" ] || damaged 'it has no place for Python'
  disk ln -s "$python" "$1/.venv/bin/python$python_needed"
  for name in python python3; do disk ln -s "python$python_needed" "$1/.venv/bin/$name"; done
  printf 'home = %s\ninclude-system-site-packages = false\nversion = %s\n' \
    "$(dirname "$python")" "$python_needed" >"$1/.venv/pyvenv.cfg"
}`;
