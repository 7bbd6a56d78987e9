# Sourced by scripts/test: runs suites, adds up what passed and failed, prints one closing line.
passed=0
failed=0
skipped=0
failures=()  # what failed, by name, said again at the end where it is seen first

durations=()

# Runs a suite and notes how long it took.
timed() { local began=$SECONDS; "$@"; durations+=("$((SECONDS - began)) s $*"); }

note_failures() { local name; while IFS= read -r name; do [ -n "$name" ] && failures+=("$1: $name"); done; return 0; }

# Runs every *_test program of a preset; each writes its own XML report, from which the counts are taken.
run_unit() {
    local preset=$1 program report
    [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >/dev/null
    cmake --build "build/$preset"
    mkdir -p "build/$preset/reports"
    while IFS= read -r program; do
        report="build/$preset/reports/$(basename "$program").xml"
        rm -f "$report"
        echo "== $preset: $(basename "$program")"
        if ! "$program" --gtest_brief=1 --gtest_output="xml:$report"; then
            [ -s "$report" ] || { failed=$((failed + 1)); failures+=("$(basename "$program"): died"); }
        fi
        count_report "$report"
    done < <(find "build/$preset/test/unit" -maxdepth 1 -type f -name 'klaw_*_test' -executable | sort)
}

build_klaw() {
    [ -f "build/$1/build.ninja" ] || cmake --preset "$1" >/dev/null
    cmake --build "build/$1" --target klaw
}

# By the program itself.
run_default_rules() { run_check "the tests of the default rules" scripts/check-default-rules "build/$1/klaw"; }

count_report() {
    [ -s "$1" ] || return 0
    local line tests failed_tests errors skips
    line=$(grep -m1 '<testsuites' "$1")
    tests=$(sed -E 's/.* tests="([0-9]+)".*/\1/' <<<"$line")
    failed_tests=$(sed -E 's/.* failures="([0-9]+)".*/\1/' <<<"$line")
    errors=$(sed -E 's/.* errors="([0-9]+)".*/\1/' <<<"$line")
    skips=$(grep -c 'result="skipped"' "$1" || true)
    failed=$((failed + failed_tests + errors))
    note_failures "$(basename "$1" .xml)" < <(names_of_failed_tests "$1")
    skipped=$((skipped + skips))
    passed=$((passed + tests - failed_tests - errors - skips))
}

names_of_failed_tests() {
    awk '/<testcase /{name=$0; sub(/.*<testcase name="/, "", name); sub(/".*/, "", name)} /<failure /{print name}' "$1" | uniq
}

build_with_gcc() {
    [ -f build/gcc/build.ninja ] || cmake --preset gcc -DKLAW_BUILD_TESTS=OFF >/dev/null
    cmake --build build/gcc --target klaw && build/gcc/klaw version
}

run_gcc() { run_check "build with the second compiler" build_with_gcc; }

# Each fuzzer for so many seconds, two at a time, from its corpus, with more options; what they find stays in
# build/fuzz/found.
run_fuzz() {
    local seconds=$1 name
    shift
    local names=()
    for name in test/fuzz/corpus/*/; do names+=("$(basename "$name")"); done
    [ -f build/fuzz/build.ninja ] || cmake --preset fuzz >/dev/null
    cmake --build build/fuzz --target $(printf 'klaw_%s_fuzzer ' "${names[@]}")
    for ((i = 0; i < ${#names[@]}; i += 2)); do
        for name in "${names[@]:i:2}"; do fuzz_one "$name" "$seconds" "$@" & done
        wait
    done
    for name in "${names[@]}"; do run_check "fuzzer $name" fuzzer_was_content "$name"; done
}

fuzz_one() {
    local name=$1 seconds=$2 work=build/fuzz/found/$1
    shift 2
    local dictionary=test/fuzz/$name.dict
    mkdir -p "$work/corpus"
    [ -f "$dictionary" ] && dictionary=-dict=$dictionary || dictionary=-verbosity=1
    rm -f "$work/status"
    # A fuzzer that has run out of memory may hang in its own report.
    timeout -k 5 $((seconds * 2 + 60)) "build/fuzz/test/fuzz/klaw_${name}_fuzzer" -max_total_time="$seconds" -timeout=20 -artifact_prefix="$work/" \
        "$@" "$dictionary" "$work/corpus" "test/fuzz/corpus/$name" >"$work/log" 2>&1 && echo content >"$work/status"
}

fuzzer_was_content() {
    tail -2 "build/fuzz/found/$1/log"
    [ -f "build/fuzz/found/$1/status" ] && return 0
    tail -40 "build/fuzz/found/$1/log" >&2
    return 1
}

# The CEL conformance suite and the comparison with cel-go, for so many seconds and with more options.
run_cel() {
    if ! command -v go >/dev/null; then
        echo "skipped: no Go toolchain, so no cel-go (cel)"
        skipped=$((skipped + 1))
        return 0
    fi
    local cel_passed=0 cel_failed=1
    echo "== CEL: conformance and cel-go"
    [ -f build/debug/build.ninja ] || cmake --preset debug >/dev/null
    test/cel/run --seconds "$@" || true
    if [ -s build/cel/result ]; then read -r cel_passed cel_failed <build/cel/result; fi
    passed=$((passed + cel_passed))
    failed=$((failed + cel_failed))
    if [ "$cel_failed" -gt 0 ]; then failures+=("$cel_failed of CEL"); fi
}

# The checks for the Pod Security Standards beside those of Kubernetes' own admission, with more options.
run_pod_security() {
    if ! command -v go >/dev/null; then
        echo "skipped: no Go toolchain, so no pod-security-admission (pod security)"
        skipped=$((skipped + 1))
        return 0
    fi
    local agreed=0 disagreed=1
    echo "== Pod Security Standards: Klaw and k8s.io/pod-security-admission"
    [ -f build/debug/build.ninja ] || cmake --preset debug >/dev/null
    test/podsecurity/run "$@" || true
    if [ -s build/podsecurity/result ]; then read -r agreed disagreed <build/podsecurity/result; fi
    passed=$((passed + agreed))
    failed=$((failed + disagreed))
    if [ "$disagreed" -gt 0 ]; then failures+=("Pod Security Standards"); fi
}

# The chart by real helm, and what it grants beside what the program says that it needs.
run_chart() {
    if ! command -v go >/dev/null; then
        echo "skipped: no Go toolchain, so no helm (chart)"
        skipped=$((skipped + 1))
        return 0
    fi
    local chart_passed=0 chart_failed=1
    echo "== chart: helm and promtool"
    rm -f build/chart/result
    KLAW=build/debug/klaw test/chart/run || true
    if [ -s build/chart/result ]; then read -r chart_passed chart_failed <build/chart/result; fi
    passed=$((passed + chart_passed))
    failed=$((failed + chart_failed))
    if [ "$chart_failed" -gt 0 ]; then failures+=("$chart_failed of the chart"); fi
}

# The .deb, the tarball and, where there is a builder, the image.
run_packages() {
    local packages_passed=0 packages_failed=1 packages_skipped=0
    echo "== packages: .deb, tarball, image"
    rm -f build/packages/result
    KLAW=build/debug/klaw test/packages/run || true
    if [ -s build/packages/result ]; then read -r packages_passed packages_failed packages_skipped <build/packages/result; fi
    passed=$((passed + packages_passed))
    failed=$((failed + packages_failed))
    skipped=$((skipped + packages_skipped))
    if [ "$packages_failed" -gt 0 ]; then failures+=("$packages_failed of the packages"); fi
}

# One check that is no GoogleTest program: a name and a command.
run_check() {
    local name=$1
    shift
    echo "== $name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        failures+=("$name")
        echo "FAILED: $name" >&2
    fi
}

run_quick_static() {
    run_check "formatting" scripts/check-format
    run_check "include graph" scripts/check-includes
    run_check "documents" scripts/check-docs
    run_check "coroutine statements" scripts/check-coroutines
}

run_static() {
    run_quick_static
    run_check "clang-tidy" scripts/check-tidy
}

# clang-tidy takes what the end-to-end tests, which mostly wait, leave of the processors.
begin_tidy() {
    nice -n 19 scripts/check-tidy >build/tidy.log 2>&1 &
    tidy=$!
}

end_tidy() {
    wait "$tidy" && return 0
    cat build/tidy.log >&2
    return 1
}

run_e2e() {
    if ! command -v go >/dev/null; then
        echo "skipped: no Go toolchain, so no real control plane (e2e)"
        skipped=$((skipped + 1))
        return 0
    fi
    local e2e_passed=0 e2e_failed=1  # it may die before it can count
    rm -f build/e2e/result build/e2e/failures
    test/e2e/run --workers 2 || true
    if [ -s build/e2e/failures ]; then note_failures "end to end" <build/e2e/failures; fi
    if [ -s build/e2e/result ]; then read -r e2e_passed e2e_failed <build/e2e/result; fi
    passed=$((passed + e2e_passed))
    failed=$((failed + e2e_failed))
}

# The fakes of the chat platforms beside the vendors' own clients.
run_referees() {
    local referees_passed=0 referees_failed=1
    rm -f build/referees/result
    echo "== referees: the fakes and the official clients"
    test/referees/run || true
    if [ -s build/referees/result ]; then read -r referees_passed referees_failed <build/referees/result; fi
    passed=$((passed + referees_passed))
    failed=$((failed + referees_failed))
    if [ "$referees_failed" -gt 0 ]; then failures+=("$referees_failed steps of the referees"); fi
}

# `klaw mcp` and the skills before the clients that people use.
run_mcp_referees() {
    local mcp_passed=0 mcp_failed=1
    rm -f build/mcp/result
    echo "== referees: clients of the Model Context Protocol, and OpenClaw"
    test/mcp/run || true
    if [ -s build/mcp/result ]; then read -r mcp_passed mcp_failed <build/mcp/result; fi
    passed=$((passed + mcp_passed))
    failed=$((failed + mcp_failed))
    if [ "$mcp_failed" -gt 0 ]; then failures+=("$mcp_failed steps of the MCP referees"); fi
}

report_results() {
    echo
    if [ ${#durations[@]} -gt 0 ]; then printf 'took %s\n' "${durations[@]}"; fi
    if [ "$failed" -gt 0 ]; then printf 'FAILED: %s\n' "${failures[@]:-not named}"; fi
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
}
