#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace klaw::recording {

/// The JSON text of a recorded object with gaps for what the server decides: whether kind and apiVersion are shown (not
/// in the items of a list) and which resourceVersion it has. Immutable and shared.
class RecordedObject {
public:
    /// nullptr when it is not an object with metadata.
    static std::shared_ptr<const RecordedObject> parse(std::string_view json);

    const std::string& kind() const { return kind_; }
    const std::string& apiVersion() const { return apiVersion_; }
    const std::string& ns() const { return ns_; }
    const std::string& name() const { return name_; }
    /// Identity inside its resource, in the order of a list.
    std::string key() const { return ns_ + "/" + name_; }
    bool sameContent(const RecordedObject& other) const { return before_ == other.before_ && after_ == other.after_; }

    /// {"kind":…,"apiVersion":…,"metadata":…}
    void appendTo(std::string& out, std::uint64_t version) const;
    void appendAsItem(std::string& out, std::uint64_t version) const;

private:
    std::string kind_, apiVersion_, ns_, name_;
    std::string before_, after_;  ///< around the version
};

/// {"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"7",…}}, the object of a bookmark.
std::string bookmarkObject(const std::string& kind, const std::string& apiVersion, std::uint64_t version,
                           bool endsInitialEvents);

}  // namespace klaw::recording
