# Sourced by scripts/test: runs suites, adds up what passed and failed, prints one closing line.
passed=0
failed=0
skipped=0

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
            [ -s "$report" ] || failed=$((failed + 1))  # it died before it could count
        fi
        count_report "$report"
    done < <(find "build/$preset/test/unit" -maxdepth 1 -type f -name 'klaw_*_test' -executable | sort)
}

count_report() {
    [ -s "$1" ] || return 0
    local line tests failures errors skips
    line=$(grep -m1 '<testsuites' "$1")
    tests=$(sed -E 's/.* tests="([0-9]+)".*/\1/' <<<"$line")
    failures=$(sed -E 's/.* failures="([0-9]+)".*/\1/' <<<"$line")
    errors=$(sed -E 's/.* errors="([0-9]+)".*/\1/' <<<"$line")
    skips=$(grep -c 'result="skipped"' "$1" || true)
    failed=$((failed + failures + errors))
    skipped=$((skipped + skips))
    passed=$((passed + tests - failures - errors - skips))
}

build_with_gcc() {
    [ -f build/gcc/build.ninja ] || cmake --preset gcc -DKLAW_BUILD_TESTS=OFF >/dev/null
    cmake --build build/gcc --target klaw && build/gcc/klaw version
}

run_gcc() { run_check "build with the second compiler" build_with_gcc; }

run_fuzz() {
    local fuzzer
    [ -f build/fuzz/build.ninja ] || cmake --preset fuzz >/dev/null
    cmake --build build/fuzz
    while IFS= read -r fuzzer; do
        run_check "fuzzer $(basename "$fuzzer")" "$fuzzer" -max_total_time=60 -print_final_stats=0
    done < <(find build/fuzz -name '*_fuzzer' -type f -executable | sort)
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
        echo "FAILED: $name" >&2
    fi
}

run_static() {
    run_check "formatting" scripts/check-format
    run_check "include graph" scripts/check-includes
    run_check "coroutine statements" scripts/check-coroutines
    run_check "clang-tidy" scripts/check-tidy
}

run_e2e() {
    if ! command -v go >/dev/null; then
        echo "skipped: no Go toolchain, so no real control plane (e2e)"
        skipped=$((skipped + 1))
        return 0
    fi
    local e2e_passed=0 e2e_failed=1  # it may die before it can count
    rm -f build/e2e/result
    test/e2e/run || true
    if [ -s build/e2e/result ]; then read -r e2e_passed e2e_failed <build/e2e/result; fi
    passed=$((passed + e2e_passed))
    failed=$((failed + e2e_failed))
}

report_results() {
    echo
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
}
