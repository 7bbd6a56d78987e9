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

# A suite that counts by itself: its title, what failures are called, the file with "passed failed [skipped]" that it
# writes, and its command. One that dies before it can count has failed.
run_suite() {
    local title=$1 failing=$2 result=$3 suite_passed=0 suite_failed=1 suite_skipped=0
    shift 3
    echo "== $title"
    rm -f "$result"
    "$@" || true
    if [ -s "$result" ]; then read -r suite_passed suite_failed suite_skipped <"$result" || true; fi
    passed=$((passed + suite_passed))
    failed=$((failed + suite_failed))
    skipped=$((skipped + ${suite_skipped:-0}))
    if [ "$suite_failed" -gt 0 ] && [ -n "$failing" ]; then failures+=("$suite_failed $failing"); fi
}

# Whether there is Go; else what needs it is skipped by name.
have_go() {
    command -v go >/dev/null && return 0
    echo "skipped: no Go toolchain, so no $1"
    skipped=$((skipped + 1))
    return 1
}

configure_debug() { [ -f build/debug/build.ninja ] || cmake --preset debug >/dev/null; }

# The CEL conformance suite and the comparison with cel-go, for so many seconds and with more options.
run_cel() {
    have_go "cel-go (cel)" || return 0
    configure_debug
    run_suite "CEL: conformance and cel-go" "of CEL" build/cel/result test/cel/run --seconds "$@"
}

# The checks for the Pod Security Standards beside those of Kubernetes' own admission, with more options.
run_pod_security() {
    have_go "pod-security-admission (pod security)" || return 0
    configure_debug
    run_suite "Pod Security Standards: Klaw and k8s.io/pod-security-admission" "of the Pod Security Standards" \
        build/podsecurity/result test/podsecurity/run "$@"
}

# The chart by real helm, and what it grants beside what the program says that it needs.
run_chart() {
    have_go "helm (chart)" || return 0
    run_suite "chart: helm and promtool" "of the chart" build/chart/result env KLAW=build/debug/klaw test/chart/run
}

# The .deb, the tarball and, where there is a builder, the image.
run_packages() {
    run_suite "packages: .deb, tarball, image" "of the packages" build/packages/result \
        env KLAW=build/debug/klaw test/packages/run
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
    have_go "real control plane (e2e)" || return 0
    rm -f build/e2e/failures
    run_suite "end to end" "" build/e2e/result test/e2e/run --workers 2
    if [ -s build/e2e/failures ]; then note_failures "end to end" <build/e2e/failures; fi
}

# The fakes of the chat platforms beside the vendors' own clients.
run_referees() {
    run_suite "referees: the fakes and the official clients" "steps of the referees" build/referees/result test/referees/run
}

# `klaw mcp` and the skills before the clients that people use.
run_mcp_referees() {
    run_suite "referees: clients of the Model Context Protocol, and OpenClaw" "steps of the MCP referees" build/mcp/result \
        test/mcp/run
}

report_results() {
    echo
    if [ ${#durations[@]} -gt 0 ]; then printf 'took %s\n' "${durations[@]}"; fi
    if [ "$failed" -gt 0 ]; then printf 'FAILED: %s\n' "${failures[@]:-not named}"; fi
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
}
