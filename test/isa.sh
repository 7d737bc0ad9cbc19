#!/usr/bin/env bash
# The tests that compute, under the kernels that oneDNN takes on older processors than this one, and without oneDNN.
#   npm run test:isa            npm run test:isa test/runtime/predict
set -uo pipefail
cd "$(dirname "$0")/.."
tests=("$@")
[ ${#tests[@]} -gt 0 ] || tests=(
  test/runtime/{compute,evaluate,experiment,figures,frechet,network,parity,predict,report,train,upscale,weights}
  test/compiler/{kernels,models.test.ts,ops.conformance.test.ts,reach.test.ts}
  test/cli/{compile,demo,evaluate-frechet,experiment,figure,run,upscale,weights}.test.ts
)
failed=()
for setting in ONEDNN_MAX_CPU_ISA=SSE41 ONEDNN_MAX_CPU_ISA=AVX2 ONEDNN_MAX_CPU_ISA=AVX512_CORE ONEDNN_MAX_CPU_ISA=ALL TF_ENABLE_ONEDNN_OPTS=0; do
  echo "== $setting"
  env "$setting" npx vitest run --reporter=dot "${tests[@]}" || failed+=("$setting")
done
[ ${#failed[@]} = 0 ] || { echo "failed under: ${failed[*]}"; exit 1; }
