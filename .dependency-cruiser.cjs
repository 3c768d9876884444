// The folder rule of docs/architecture.md. Each rule names the promise it protects.
const ROOTS = '^(app|bench|components|contracts|e2e|lib|prisma|scripts|sdk|server)/';
const TEST = '\\.test\\.tsx?$';

const mayImport = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: ROOTS, pathNot: `^(${[...allowed, 'server/testing'].join('|')})/` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        path: ROOTS,
        pathNot: `^server/main\\.ts$|\\.d\\.ts$|${TEST}|^(bench|e2e|prisma|scripts|sdk)/|^app/.*(page|layout|error|loading|not-found)\\.tsx$`,
      },
      to: {},
    },
    mayImport('contracts-import-nothing', '^contracts/', ['contracts']),
    mayImport('storage-is-the-floor', '^server/storage/', ['server/storage', 'contracts']),
    mayImport('engine-knows-no-transport', '^server/engine/', [
      'server/engine',
      'server/storage',
      'contracts',
    ]),
    mayImport('http-talks-to-engine', '^server/http/', [
      'server/http',
      'server/engine',
      'contracts',
    ]),
    mayImport('socket-talks-to-engine', '^server/socket/', [
      'server/socket',
      'server/engine',
      'contracts',
    ]),
    mayImport('scenarios-are-users', '^server/scenarios/', [
      'server/scenarios',
      'server/engine',
      'contracts',
    ]),
    mayImport('lib-is-browser-data', '^lib/', ['lib', 'contracts']),
    mayImport('ui-kit-is-leaf', '^components/ui/', ['components/ui']),
    mayImport('components-never-touch-server', '^components/(?!ui/)', [
      'components',
      'lib',
      'contracts',
    ]),
    mayImport('app-is-thin', '^app/', ['app', 'components', 'lib', 'contracts']),
    mayImport('e2e-is-black-box', '^e2e/', ['e2e', 'contracts']),
    mayImport('sdk-stands-alone', '^sdk/', ['sdk', 'contracts']),
    // Benchmarks measure the engine from inside as well as over HTTP.
    mayImport('bench-measures', '^bench/', ['bench', 'sdk', 'server', 'contracts', 'scripts']),
    mayImport('scripts-start-the-server', '^scripts/', ['scripts', 'server', 'bench']),
    {
      name: 'config-is-for-main',
      comment: 'Settings are parsed once; what needs one is given it.',
      severity: 'error',
      from: { path: ROOTS, pathNot: `^server/main\\.ts$|${TEST}` },
      to: {
        path: '^server/(config|main|start-database|web-server)\\.ts$',
        pathNot: '^server/main\\.ts$',
      },
    },
    {
      name: 'scripts-are-not-imported',
      severity: 'error',
      from: { path: ROOTS, pathNot: '^(bench|scripts)/' },
      to: { path: '^scripts/' },
    },
    {
      name: 'features-are-islands',
      comment: 'Compose features in app/; share through components/ui or components/graph.',
      severity: 'error',
      from: { path: '^components/(?!ui/|graph/|shell/)([^/]+)/' },
      to: { path: '^components/(?!ui/|graph/)[^/]+/', pathNot: '^components/$1/' },
    },
    {
      name: 'test-kit-stays-in-tests',
      severity: 'error',
      from: { path: ROOTS, pathNot: `${TEST}|^server/testing/` },
      to: { path: '^server/testing/' },
    },
    {
      name: 'only-main-knows-next',
      severity: 'error',
      from: { path: '^server/', pathNot: '^server/main\\.ts$' },
      to: { path: 'node_modules/(next|react)/' },
    },
    {
      name: 'react-flow-behind-graph',
      severity: 'error',
      from: { path: ROOTS, pathNot: '^components/graph/' },
      to: { path: 'node_modules/@xyflow/' },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^server/storage/generated/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
    },
  },
};
