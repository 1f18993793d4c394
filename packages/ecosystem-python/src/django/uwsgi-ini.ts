// The configuration with which uWSGI may be left to itself: started with `--ini ROOT/current/uwsgi.ini`, told to reload
// by its own HUP. `%d` is the directory of this file with every link resolved, and the file is read again at a reload:
// so a server never mixes two releases, and moves on when `current` has.

/** `application` is WSGI_APPLICATION of the settings: `shop.wsgi.application`. */
export function uwsgiIni(application: string): string {
  const dot = application.lastIndexOf('.');
  return `[uwsgi]
; Made by salver build; an uwsgi.ini of your own takes its place.
; Start: uwsgi --ini ROOT/current/uwsgi.ini --socket /run/app/uwsgi.sock   Reload: kill -HUP of the master.
chdir = %d
virtualenv = %d.venv
module = ${application.slice(0, dot)}:${application.slice(dot + 1)}
master = true
need-app = true
processes = 2
enable-threads = true
die-on-term = false
; TERM lets requests end before the workers do.
hook-master-start = unix_signal:15 gracefully_kill_them_all
env = PYTHONDONTWRITEBYTECODE=1
`;
}
