#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "agent/kube/watch_handler.hpp"
#include "agent/observe/projection.hpp"
#include "base/packed/packed.hpp"
#include "base/result.hpp"

namespace klaw::observe {

/// The buffers of the JSON scanner. One for all observers of a loop: they are empty between two calls.
class JsonScanner;
std::shared_ptr<JsonScanner> makeJsonScanner();

/// One object as the projector saw it. Views are valid until the next call.
struct ProjectedObject {
    PackedView object;
    std::string_view uid;  ///< empty where the resource has none (metrics.k8s.io)
    std::string_view name;
    std::string_view ns;
    std::string_view resourceVersion;
};

/// One line of a watch stream. For a Bookmark only resourceVersion and initialEventsEnd are set.
struct ProjectedEvent {
    enum class Type { Added, Modified, Deleted, Bookmark, Error };
    Type type = Type::Added;
    ProjectedObject object;
    bool initialEventsEnd = false;
    int errorCode = 0;
    std::string_view errorReason;
    std::string_view errorMessage;
};

/// Reads watch lines and list pages in one pass, in the buffer they arrived in, along a Projection.
///
/// Runs on the loop thread. After the first few objects nothing is allocated. All failures are ErrorCode::DataLoss and
/// mean "list again": malformed JSON in anything that is read, invalid UTF-8, a cut line, text after the document, a
/// key twice (among the first 64 that a map of free keys shows), nesting above 200 levels in what is kept. Skipped
/// subtrees are checked for balanced brackets only.
class Projector {
public:
    /// `scanner` null: an own one.
    Projector(Projection projection, std::shared_ptr<JsonScanner> scanner);
    ~Projector();
    Projector(Projector&&) noexcept;
    Projector& operator=(Projector&&) noexcept;

    const Projection& projection() const;

    /// `{"type":…,"object":{…}}`
    Result<ProjectedEvent> event(kube::PaddedText line);
    /// `{"kind":"PodList",…,"items":[…]}`; every item gets the kind and apiVersion that it lacks. Items that were
    /// handed out before an error stay handed out.
    Result<kube::PageOutcome> page(kube::PaddedText body, const std::function<void(const ProjectedObject&)>& item);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace klaw::observe
