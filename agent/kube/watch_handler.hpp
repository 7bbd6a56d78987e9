#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace klaw::kube {

/// Bytes followed by at least 64 readable spare bytes (simdjson's padding). Valid during the call only.
struct PaddedText {
    char* data = nullptr;
    std::size_t size = 0;
    std::size_t capacity = 0;  ///< from `data`, at least size + 64
    std::string_view text() const { return {data, size}; }
};

/// What a WatchStream must know of a line that somebody else has parsed.
struct LineOutcome {
    enum class Type { Object, Bookmark, Error };
    Type type = Type::Object;
    std::string resourceVersion;    ///< of the object or bookmark
    bool initialEventsEnd = false;  ///< the bookmark that ends a streaming list
    int errorCode = 0;              ///< of the Status in an ERROR event
    std::string errorReason;        ///< "Expired"
    std::string errorMessage;
};

struct PageOutcome {
    std::string resourceVersion;
    std::string continueToken;  ///< empty on the last page
    std::size_t items = 0;
};

/// Receives the bytes of one list/watch stream of one resource in order. A failure (Error) makes the stream list again.
///
/// A list is: listBegins, then pages or lines, then listEnds. Objects known before and not seen in between are gone:
/// the handler reports their deletion in listEnds.
class WatchHandler {
public:
    virtual ~WatchHandler() = default;
    virtual void listBegins() = 0;
    virtual Result<PageOutcome> page(PaddedText body) = 0;
    virtual Result<LineOutcome> line(PaddedText line) = 0;
    virtual void listEnds(std::string_view resourceVersion) = 0;
};

}  // namespace klaw::kube
