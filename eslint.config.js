import tseslint from 'typescript-eslint'

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
)
