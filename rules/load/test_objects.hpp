#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/packed/packed.hpp"
#include "base/time.hpp"
#include "rules/load/yaml_cursor.hpp"
#include "rules/sample.hpp"

namespace klaw::rules {

/// What a source of metrics says in a rule test.
struct TestSamples {
    std::string source = "test";
    std::string rule;  ///< of a result of PromQL
    std::vector<Sample> samples;
    bool lost = false;  ///< the source does not answer
};

/// One thing that happens in a rule test.
struct TestInput {
    Duration at{};  ///< since the start of the test
    std::optional<TestSamples> samples;
    std::string resource;  ///< canonical; "events" for an Event
    PackedObject object;
    bool deleted = false;
    bool initial = false;  ///< part of the first list
};

/// When every test starts.
TimePoint testStart();

/// Makes the objects of one test: merges patches, resolves "@5m", gives uids where there are none.
class TestObjects {
public:
    /// `patch`: merged over the object of the same kind, namespace and name that came before it, as a JSON merge patch.
    void object(const YamlCursor& value, bool patch, TestInput& into);
    void event(const YamlCursor& value, TestInput& into);

private:
    std::map<std::string, YAML::Node> objects_;
};

}  // namespace klaw::rules
