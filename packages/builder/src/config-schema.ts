// The one table of everything salver.json may say: a JSON Schema. validate-config.ts checks against it, and
// schema/salver.schema.json, which editors use, is this table written out (a test compares the two).

/** The part of JSON Schema that the table uses and validate-config.ts understands. */
export interface ConfigSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly properties?: Readonly<Record<string, ConfigSchema>>;
  /** Keys that begin with `//` are comments, allowed in every object that has fixed keys. */
  readonly patternProperties?: Readonly<Record<string, ConfigSchema>>;
  readonly additionalProperties?: ConfigSchema | false;
  readonly propertyNames?: ConfigSchema;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly items?: ConfigSchema;
  readonly maxItems?: number;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  /** `regex`: a regular expression. `release-path`: a path below the release. `url-path`: where assets are served. Checked by code; editors ignore them. */
  readonly format?: 'regex' | 'release-path' | 'url-path';
  /** The value is of one of these shapes. They differ in type, so that errors can speak of the one that was meant. */
  readonly anyOf?: readonly ConfigSchema[];
}

const ITEMS_MAX = 1_000;
const TEXT_MAX = 4_096;

const COMMENTS = { '^//': { description: 'A comment.' } } as const;

function record(
  description: string,
  properties: Readonly<Record<string, ConfigSchema>>,
  required?: readonly string[],
): ConfigSchema {
  return {
    description,
    type: 'object',
    properties,
    patternProperties: COMMENTS,
    additionalProperties: false,
    ...(required === undefined ? {} : { required }),
  };
}

function text(description: string, more: Partial<ConfigSchema> = {}): ConfigSchema {
  return { description, type: 'string', minLength: 1, maxLength: TEXT_MAX, ...more };
}

function list(description: string, items: ConfigSchema): ConfigSchema {
  return { description, type: 'array', items, maxItems: ITEMS_MAX };
}

function whole(description: string, minimum: number, maximum: number): ConfigSchema {
  return { description, type: 'integer', minimum, maximum };
}

const globs = (description: string): ConfigSchema => list(description, text('A glob pattern or a path.'));
const duration = (description: string): ConfigSchema =>
  text(description, { pattern: '^[0-9]{1,9}(ms|s|m|h)$' });

const allowed = (description: string): ConfigSchema => ({
  description,
  anyOf: [{ type: 'boolean' }, list('Package names.', text('A package name.'))],
});

function hook(description: string, more: Readonly<Record<string, ConfigSchema>> = {}): ConfigSchema {
  const fields = record('A hook.', { run: text('The command.'), timeout: duration('Time limit.'), ...more }, [
    'run',
  ]);
  return { description, anyOf: [text('The command.'), fields] };
}

const checkFields = {
  http: text('URL that must answer.', { pattern: '^https?://' }),
  tcp: text('host:port that must accept a connection.', { pattern: '^[^\\s]+:[0-9]{1,5}$' }),
  run: text('Command that must end with status 0.'),
  status: whole('HTTP status that counts as healthy. Default: any from 200 to 399.', 100, 599),
  body: text('Text that the body of the answer must hold.'),
  header: text('"Name: value" that the answer must carry.', { pattern: '^[A-Za-z0-9-]+:[^\\r\\n\\u0000]*$' }),
  passes: whole('How many passes in a row are needed. Default 1.', 1, 1_000),
  deadline: duration('How long the app may take to become healthy. Default 60s.'),
  interval: duration('Time between two tries. Default 500ms.'),
  timeout: duration('Time limit of one try. Default 5s.'),
  grace: duration('Start-up time before the first try.'),
};

const check: ConfigSchema = {
  description: 'How the host finds out that the app is healthy. Text: a URL or a command.',
  anyOf: [
    text('A URL (http:// or https://) or a command.'),
    record('A check: exactly one of http, tcp and run.', checkFields),
  ],
};

const candidate = record(
  'Before the switch: `start` is run on a spare port and checked there. Without http, tcp and run as `check` says.',
  {
    port: text('Environment variable that tells `start` its port. Default PORT.', {
      pattern: '^[A-Za-z_][A-Za-z0-9_]{0,255}$',
    }),
    ...checkFields,
  },
);

const environmentRule = record('One environment variable.', {
  required: { description: 'Refuse to activate without it.', type: 'boolean' },
  default: {
    description: 'Value when it is not set.',
    type: 'string',
    maxLength: TEXT_MAX,
    pattern: '^[^\\u0000]*$',
  },
  pattern: text('Regular expression the whole value must match.', { format: 'regex' }),
});

const dependencies = record('What is allowed of dependencies.', {
  strictIntegrity: { description: 'Refuse lock entries without integrity. Default false.', type: 'boolean' },
  allowGit: allowed('Git dependencies that may be used: true for all, or names. Default none.'),
  allowRemote: allowed('Tarballs outside the registry that may be used: true for all, or names.'),
  buildOnly: {
    description:
      'npm packages are for the build only, and none ships. Default: true beside a Django project.',
    type: 'boolean',
  },
  allowScripts: {
    description: 'Install scripts by package (name or name@version): true runs them, false skips them.',
    type: 'object',
    patternProperties: COMMENTS,
    additionalProperties: { type: 'boolean' },
    maxProperties: ITEMS_MAX,
  },
});

/** An object, or false for not at all. */
function offOr(settings: ConfigSchema): ConfigSchema {
  const { description = '', ...fields } = settings;
  return { description, anyOf: [{ type: 'boolean' }, { description, ...fields }] };
}

const variables = (description: string): ConfigSchema => ({
  description,
  type: 'object',
  propertyNames: { pattern: '^(//.*|[A-Za-z_][A-Za-z0-9_]{0,255})$' },
  patternProperties: COMMENTS,
  additionalProperties: { type: 'string', maxLength: TEXT_MAX, pattern: '^[^\\u0000]*$' },
  maxProperties: ITEMS_MAX,
});

const python: ConfigSchema = offOr(
  record('How the Python part is built; false: there is none.', {
    version: text(
      'Python to build for, e.g. 3.11. Default: what .python-version says, else python3 on PATH.',
      {
        pattern: '^3\\.[0-9]{1,3}$',
      },
    ),
    lock: text('The lock. Default: pylock.toml, uv.lock or requirements.txt.', { format: 'release-path' }),
    extras: list('Extras of the lock to install.', text('A name.')),
    groups: list('Dependency groups of the lock to install.', text('A name.')),
    glibc: text('Oldest glibc of your hosts, e.g. 2.31: wheels for newer ones are not taken.', {
      pattern: '^2\\.[0-9]{1,3}$',
    }),
    buildRequirements: text('Requirements file with hashes: what source distributions are built with.', {
      format: 'release-path',
    }),
    buildEnv: variables('Environment variables for building source distributions.'),
  }),
);

const django: ConfigSchema = offOr(
  record('How a Django project is built; false: as any other.', {
    settings: text('Settings module for the build. Default: that of manage.py.', {
      pattern: '^[A-Za-z_][A-Za-z0-9_.]*$',
    }),
    buildEnv: variables(
      'The environment in which settings are loaded at build, e.g. {"SECRET_KEY": "build-only"}.',
    ),
    collectstatic: {
      description: 'Collect static files into STATIC_ROOT. Default: when the settings have one.',
      type: 'boolean',
    },
    check: { description: 'Run the deployment checks; errors end the build. Default true.', type: 'boolean' },
    migrations: {
      description: 'Effect of migrations by name (app.0004_name), where it is known better.',
      type: 'object',
      patternProperties: COMMENTS,
      additionalProperties: { type: 'string', enum: ['expand', 'review', 'opaque', 'contract'] },
      maxProperties: ITEMS_MAX,
    },
    uwsgi: { description: 'Write a uwsgi.ini. Default: when uWSGI is locked.', type: 'boolean' },
  }),
);

const assetDirectory = record(
  'One directory of static files.',
  {
    directory: text('Where they lie, e.g. dist/assets; the build may make it.', { format: 'release-path' }),
    url: text('URL path where they are served, e.g. /assets/. Default: the directory.', {
      format: 'url-path',
    }),
    compress: list('Compressed forms that are made. Default: both; [] for none.', {
      description: 'gzip or br (brotli).',
      type: 'string',
      enum: ['gzip', 'br'],
    }),
    immutable: {
      description: 'Every name changes with the content. Default: names that look as if they did.',
      type: 'boolean',
    },
    keep: text('How long a host keeps files of older releases below shared/static, e.g. 30d. Default: not.', {
      pattern: '^[0-9]{1,4}[hd]$',
    }),
  },
  ['directory'],
);

const secrets = record('The guard against secrets in the release.', {
  allow: list(
    'Files that may ship although the guard finds something in them.',
    record('One exception.', { path: text('Path or glob.'), reason: text('Why this is no secret.') }, [
      'path',
      'reason',
    ]),
  ),
});

/** Everything salver.json may say. */
export const CONFIG_SCHEMA: ConfigSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'salver.json',
  ...record('Configuration of Salver. Every key is optional.', {
    $schema: { description: 'For editors.', type: 'string' },
    name: text('Name of the app. Default: the name in package.json.', {
      pattern: '^[a-z0-9][a-z0-9._-]{0,63}$',
    }),
    version: text('Version. Default: the version in package.json, else 0.0.0.', {
      pattern: '^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$',
    }),
    target: text('What to build for, e.g. linux-x64-glibc. Default: this machine.', {
      pattern: '^[a-z0-9]{2,16}-[a-z0-9]{2,16}(-(glibc|musl))?$',
    }),
    build: {
      description:
        'Commands that build the app, in order; [] for none. Default: `npm run build` when there is one.',
      anyOf: [text('A command.'), list('Commands.', text('A command.'))],
    },
    files: record('Which files of the source ship.', {
      include: globs('Ships these although git or .salverignore ignores them.'),
      exclude: globs('Leaves these out.'),
    }),
    assets: {
      description: 'Directories of static files: compressed at build, published with their URLs.',
      anyOf: [assetDirectory, list('Directories.', assetDirectory)],
    },
    dependencies,
    python,
    django,
    secrets,
    start: text('Command that starts the app.'),
    shared: list(
      'Paths that outlive releases and are linked into each one.',
      text('A path.', { format: 'release-path' }),
    ),
    env: {
      description: 'Environment variables the app reads.',
      type: 'object',
      propertyNames: { pattern: '^(//.*|[A-Za-z_][A-Za-z0-9_]{0,255})$' },
      patternProperties: COMMENTS,
      additionalProperties: environmentRule,
      maxProperties: ITEMS_MAX,
    },
    hooks: record('Commands of the app that run on the host, in the new release.', {
      prepare: hook('On every host, before anything changes.'),
      migrate: hook('Once per fleet, by who is told to.', {
        phase: {
          description: 'Whether the old release still works afterwards.',
          type: 'string',
          enum: ['expand', 'contract'],
        },
      }),
      reload: hook('Makes the running service use the new release.'),
      check,
      candidate,
      cleanup: hook('After the new release is healthy.'),
    }),
    serve: record('How salver-host serve serves the release.', {
      workers: whole('Processes that are started side by side. Default 1.', 1, 256),
      ready: text('accept (default), or a path that must answer before the release counts as ready.', {
        pattern: '^(accept|/[!-~]*)$',
      }),
      drain: duration('How long the old release may take to finish its requests. Default 30s.'),
      listen: text('Where to listen when neither systemd nor the command line says.', {
        pattern: '^[!-~]+$',
      }),
    }),
    keep: whole('How many healthy releases stay on a host. Default 5.', 1, 1_000),
    onCrash: {
      description:
        'What a host does about an activation that a crash cut off after the switch: check it again and go back if it fails (default), go back, or keep it.',
      type: 'string',
      enum: ['verify', 'rollback', 'keep'],
    },
    stores: {
      description: 'Stores by name.',
      type: 'object',
      propertyNames: { pattern: '^(//.*|[A-Za-z0-9][A-Za-z0-9._-]{0,63})$' },
      patternProperties: COMMENTS,
      additionalProperties: text('URL of the store.'),
      maxProperties: ITEMS_MAX,
    },
  }),
};
