// The folder rule of docs/architecture.md. Each rule names the promise it protects.
const ROOTS = '^(app|components|lib|contracts|server|prisma|e2e)/';
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
        pathNot: `^server/main\\.ts$|\\.d\\.ts$|${TEST}|^e2e/|^prisma/|^app/.*(page|layout|error|loading|not-found)\\.tsx$`,
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
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
    },
  },
};
