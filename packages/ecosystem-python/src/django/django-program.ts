// What is asked of the app's own Django at build: one process, because to start Django is most of the work. It collects
// static files, runs the deployment checks, and says of every migration what it does to a database that older code
// still uses. Nothing here needs a database.

/** Reads one JSON request from its first argument, writes one JSON answer to the file it names. */
export const DJANGO_PROGRAM = String.raw`
import json, os, sys, traceback, warnings

request = json.loads(sys.argv[1])
sys.path[0] = os.getcwd()
answer = {}


def main():
    os.environ["DJANGO_SETTINGS_MODULE"] = request["settings"]
    import django
    django.setup()
    from django.conf import settings
    answer["django"] = django.get_version()
    answer["wsgi"] = getattr(settings, "WSGI_APPLICATION", None)
    if request["static"] != "never":
        collect_static(settings)
    if request["check"]:
        check_deploy()
    if request["migrations"]:
        answer["migrations"] = migrations()
        answer["unwritten"] = unwritten()


def collect_static(settings):
    root = getattr(settings, "STATIC_ROOT", None)
    if "django.contrib.staticfiles" not in settings.INSTALLED_APPS or not root:
        if request["static"] == "always":
            raise SystemExit("STATIC_ROOT is not set, or django.contrib.staticfiles is not in INSTALLED_APPS")
        return
    answer["staticRoot"] = os.path.relpath(os.path.realpath(root), os.path.realpath(os.getcwd()))
    answer["staticUrl"] = settings.STATIC_URL
    if answer["staticRoot"].startswith(".."):
        return
    from django.core.management import call_command
    call_command("collectstatic", interactive=False, verbosity=1)


def check_deploy():
    from django.core import checks
    found = checks.run_checks(include_deployment_checks=True)
    found = [one for one in found if not one.is_silenced()]
    answer["errors"] = [str(one) for one in found if one.level >= checks.ERROR]
    answer["warnings"] = [str(one.id) for one in found if one.level < checks.ERROR and one.level >= checks.WARNING]


def loader():
    from django.db.migrations.loader import MigrationLoader
    return MigrationLoader(None)


def migrations():
    return [
        [app + "." + name, *worst([effect_of(one) for one in migration.operations])]
        for (app, name), migration in sorted(loader().disk_migrations.items())
    ]


ORDER = ["expand", "review", "opaque", "contract"]


def worst(effects):
    return list(max(effects, key=lambda one: ORDER.index(one[0]), default=("expand", "")))


def effect_of(operation):
    from django.db import models
    kind = type(operation).__name__
    model = getattr(operation, "model_name", getattr(operation, "name", ""))
    if kind == "SeparateDatabaseAndState":
        return worst([effect_of(one) for one in operation.database_operations])
    if kind in ("RemoveField", "RenameField", "DeleteModel", "RenameModel", "AlterModelTable"):
        field = getattr(operation, "old_name", getattr(operation, "name", ""))
        what = model if model == field else model + "." + field
        return ("contract", kind + " " + what)
    if kind in ("CreateModel", "AlterModelOptions", "AlterModelManagers", "AlterModelTableComment", "RenameIndex",
                "AddIndexConcurrently", "RemoveIndexConcurrently", "RemoveIndex") or kind.endswith("Extension"):
        return ("expand", "")
    if kind == "AddField":
        field = operation.field
        no_default = getattr(models, "NOT_PROVIDED", None) or models.fields.NOT_PROVIDED
        db_default = getattr(field, "db_default", no_default)
        is_safe = field.null or field.many_to_many or db_default is not no_default
        # Django drops a plain default after the column is there: inserts of older code then fail.
        return ("expand", "") if is_safe else ("review", "AddField " + model + "." + operation.name + " without null or db_default")
    if kind in ("RunPython", "RunSQL"):
        return ("opaque", kind)
    if kind in ("AlterField", "AddConstraint", "RemoveConstraint", "AddIndex", "AlterUniqueTogether", "AlterIndexTogether",
                "AlterOrderWithRespectTo"):
        return ("review", kind + " " + model)
    return ("opaque", kind)


def unwritten():
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.state import ProjectState
    loaded = loader()
    detector = MigrationAutodetector(loaded.project_state(), ProjectState.from_apps(apps))
    return sorted(detector.changes(graph=loaded.graph))


code = 0
try:
    main()
except SystemExit as error:
    print(error, file=sys.stderr)
    code = 1
except BaseException:
    traceback.print_exc()
    code = 1
with open(request["answer"], "w") as file:
    json.dump(answer, file)
sys.exit(code)
`;
