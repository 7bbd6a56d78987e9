#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace klaw::cli {

/// A text for people, in both languages.
struct Words {
    std::string en, zh;
    const std::string& in(std::string_view language) const { return language == "zh" ? zh : en; }
};

/// What `klaw doctor` looked at, and how it is.
struct Finding {
    enum class Condition {
        Ok,
        Unknown,  ///< it could not be found out
        Warning,  ///< it works, and will not for long or not in all
        Failed,
    };
    Condition condition = Condition::Ok;
    std::string check;  ///< for machines: "storage.schema"
    Words subject;
    std::string evidence;
    Words remedy{};
};

/// What is wrong and where; what to do about it stands in the remedy.
std::string evidenceOf(const Error& error);

/// All findings, in the order in which they were made. What is shown of them holds no secret and no control character.
class DoctorReport {
public:
    using Condition = Finding::Condition;

    void add(Condition condition, std::string check, Words subject, std::string evidence, Words remedy = {});
    void ok(std::string check, Words subject, std::string evidence) {
        add(Condition::Ok, std::move(check), std::move(subject), std::move(evidence));
    }
    const std::vector<Finding>& findings() const { return findings_; }
    std::size_t count(Condition condition) const;
    bool anyFailed() const { return count(Condition::Failed) > 0; }

    /// A table, and what to do about each that is not fine.
    std::string text(std::string_view language) const;
    std::string json(std::string_view language) const;

private:
    std::vector<Finding> findings_;
};

}  // namespace klaw::cli
