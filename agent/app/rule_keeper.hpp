#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "rules/incident.hpp"
#include "rules/load/load_rules.hpp"
#include "storage/unit_of_work.hpp"

namespace klaw::app {

/// The rules that run: those of files, and those that people have given to the running agent, which stand over them.
/// On the loop thread.
class RuleKeeper {
public:
    /// Takes the rules over, with no state lost.
    using Install = std::function<void(std::shared_ptr<const rules::RuleSet>)>;

    RuleKeeper(std::vector<rules::RuleSource> files, const std::vector<storage::RuleRevision>& applied);

    /// All rules together. One that was applied and cannot be read any more, by another version of Klaw say, is named
    /// in the warnings and left out.
    rules::LoadReport load() const;
    /// The same with other files; they are kept if there is no error in it.
    rules::LoadReport load(std::vector<rules::RuleSource> files);

    /// Checks the rules of a file against all others, and installs them. What has changed, by name; an Error that names
    /// file, line and column leaves everything as it was, as in the others.
    Result<std::vector<std::string>> apply(const rules::RuleSource& file, const rules::Mark& by,
                                           const Install& install);
    /// The rule as one of its revisions had it.
    Result<void> revert(const storage::RuleRevision& revision, const rules::Mark& by, const Install& install);
    /// Ends what was applied: the rule of that name in the files, if there is one, runs again.
    Result<void> remove(const std::string& name, const rules::Mark& by, const Install& install);

    /// What is recorded of the set that runs: each of its rules and those turned off, and by that which have gone.
    storage::UnitOfWork record(const rules::RuleSet& rules, TimePoint now) const;
    /// Moves the revisions of what was changed since the last call.
    void takeRevisions(storage::UnitOfWork& into);

private:
    using Applied = std::map<std::string, std::string>;  ///< name → text
    std::vector<rules::RuleSource> sourcesWith(const Applied& applied) const;
    /// The rules with one that was applied changed or removed.
    Result<std::shared_ptr<const rules::RuleSet>> replaceOne(Applied applied, const std::string& name,
                                                             const Install& install);
    void note(const std::string& name, const rules::Mark& by, std::string source, std::string text);

    std::vector<rules::RuleSource> files_;
    Applied applied_;
    std::vector<storage::RuleRevision> changed_;
};

}  // namespace klaw::app
