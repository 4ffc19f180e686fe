// The dependency rules of ARCHITECTURE.md. `dependencyTypesNot: ['type-only']` lets types cross where values may not.
const values = { dependencyTypesNot: ['type-only'] };

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: values } },
    {
      name: 'no-vague-names',
      severity: 'error',
      from: {},
      to: { path: '/(utils|helpers|common|types)\\.ts$', pathNot: '^node_modules/' },
    },
    { name: 'domain-is-pure', severity: 'error', from: { path: '^src/domain/' }, to: { pathNot: '^src/domain/' } },
    {
      name: 'workflows-import-little',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { pathNot: '^(src/domain/|workflows/|node_modules/@temporalio/(workflow|common)/|activities/)' },
    },
    {
      name: 'workflows-know-only-types-of-activities',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^activities/', ...values },
    },
    {
      name: 'activities-import-little',
      severity: 'error',
      from: { path: '^activities/' },
      to: { path: '^(workflows|src/(http|temporal|cli|simulator|config))|@temporalio/(client|worker|workflow)/' },
    },
    {
      name: 'vendors-stay-apart',
      severity: 'error',
      from: {
        path: '^activities/providers/(?:errors/|batch/)?([^/]+)\\.ts$',
        pathNot: '/(registry|call|batch/openrouter)\\.ts$',
      },
      to: {
        path: '^node_modules/(@ai-sdk/(?!provider)|openai|@anthropic-ai|@google|@mistralai)',
        pathNot: 'node_modules/@ai-sdk/$1|provider-utils|^node_modules/@?$1(?:-ai|ai)?/',
        ...values,
      },
    },
    {
      name: 'health-knows-only-the-domain',
      severity: 'error',
      from: { path: '^src/health/' },
      to: { pathNot: '^src/(health|domain)/' },
    },
    {
      name: 'http-only-translates',
      severity: 'error',
      from: { path: '^src/http/' },
      to: {
        path: '^(activities|workflows|src/(lines|temporal|storage|cli|simulator|config))|node_modules/@temporalio/',
      },
    },
    {
      name: 'lines-stand-alone',
      severity: 'error',
      from: { path: '^src/lines/' },
      to: { path: '^(activities|workflows|src/(?!lines/|domain/))|node_modules/(?!ws/|@types/ws/|@types/node/)' },
    },
    {
      name: 'files-know-the-store',
      severity: 'error',
      from: { path: '^src/files/' },
      to: { path: '^(activities|workflows|src/(?!files/|storage/|domain/))' },
    },
    {
      name: 'storage-stands-alone',
      severity: 'error',
      from: { path: '^src/storage/' },
      to: { path: '^(activities|workflows|src/(?!storage/))' },
    },
    {
      name: 'temporal-knows-no-http',
      severity: 'error',
      from: { path: '^src/temporal/' },
      to: { path: '^src/(http|cli|simulator)/' },
    },
    {
      name: 'temporal-knows-only-types-of-workflows',
      severity: 'error',
      from: { path: '^src/temporal/' },
      to: { path: '^workflows/', ...values },
    },
    {
      name: 'only-the-client-imports-the-client',
      severity: 'error',
      from: { path: '^(src|workflows|activities)/', pathNot: '^src/temporal/' },
      to: { path: 'node_modules/@temporalio/client/', ...values },
    },
    {
      name: 'cli-is-the-top',
      severity: 'error',
      from: { pathNot: '^(src/cli/|test/|bench/)' },
      to: { path: '^src/cli/' },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
