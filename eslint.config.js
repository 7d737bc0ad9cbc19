import tseslint from 'typescript-eslint'

/** How variables are called, but for what others named: the environment, modules, what bin/build.js sets. */
const naming = (format) => [
  'error',
  { selector: 'variable', format, leadingUnderscore: 'allow', trailingUnderscore: 'allow' },
  { selector: 'variable', modifiers: ['destructured'], format: null },
  { selector: 'variable', filter: '^ARCHC_ROOT$', format: null },
]

/** The house rules: strict types, no `any`, no default exports outside tool configuration. */
export default tseslint.config(
  { ignores: ['.archc-build/**', 'types/**', 'node_modules/**', 'samples/**', 'docs/**', 'runs/**'] },
  ...tseslint.configs.strict,
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    // One way to count, one way to name.
    ignores: ['test/**'],
    rules: {
      'no-plusplus': 'error',
      '@typescript-eslint/naming-convention': naming(['camelCase', 'StrictPascalCase']),
    },
  },
  {
    // Ops have the names of the language.
    files: ['src/compiler/ops/**'],
    rules: { '@typescript-eslint/naming-convention': naming(['camelCase', 'StrictPascalCase', 'snake_case']) },
  },
)
