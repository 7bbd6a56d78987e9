#include "agent/kube/watch_stream.hpp"

#include "base/async/before_deadline.hpp"

namespace klaw::kube {
namespace {

constexpr Duration headTimeout = 30s;
constexpr Duration pageTimeout = 120s;

WatchEnd failedWith(Error error) {
    return {WatchEnd::Kind::Failed, std::move(error), {}};
}

WatchEnd endOf(Error error) {
    if (error.code == ErrorCode::Expired) return {WatchEnd::Kind::Expired, std::move(error), {}};
    return failedWith(std::move(error));
}

}  // namespace

WatchStream::WatchStream(WatchServer& server, LoopClock& clock, Random& random, WatchHandler& handler,
                         WatchOptions options, std::function<void()> changed)
    : server_(server),
      clock_(clock),
      random_(random),
      handler_(handler),
      options_(std::move(options)),
      changed_(std::move(changed)),
      plan_(random, options_.backoff),
      framer_(options_.maxLineBytes) {}

WatchStream::WatchStream(ApiServer& server, LoopClock& clock, Random& random, WatchHandler& handler,
                         WatchOptions options, std::function<void()> changed)
    : WatchStream(std::make_unique<DirectServer>(server), clock, random, handler, std::move(options),
                  std::move(changed)) {}

WatchStream::WatchStream(std::unique_ptr<WatchServer> own, LoopClock& clock, Random& random, WatchHandler& handler,
                         WatchOptions options, std::function<void()> changed)
    : WatchStream(*own, clock, random, handler, std::move(options), std::move(changed)) {
    own_ = std::move(own);
}

Task<void> WatchStream::run() {
    for (;;) {
        if (std::exchange(relistWanted_, false)) plan_.relist();
        status_.phase = plan_.step().phase;
        if (plan_.step().wait > Duration::zero()) co_await clock_.sleepFor(plan_.step().wait);
        auto cancelled = (co_await boost::asio::this_coro::cancellation_state).cancelled();
        if (cancelled != boost::asio::cancellation_type::none) co_return;
        auto began = clock_.now();
        auto path = co_await server_.pathOf(options_.resource);
        WatchEnd end;
        if (!path)
            end = failedWith(path.error());
        else if (plan_.step().phase == WatchPhase::PagedList)
            end = co_await pagedList(*path);
        else
            end = co_await watch(*path);
        if (end.kind == WatchEnd::Kind::Failed && end.error.code == ErrorCode::Cancelled) {
            if (!relistWanted_) co_return;
            continue;
        }
        end.lived = clock_.now() - began;
        note(end);
        plan_.ended(end);
    }
}

void WatchStream::relist() {
    relistWanted_ = true;
    if (body_) body_->close();
}

void WatchStream::note(const WatchEnd& end) {
    switch (end.kind) {
        case WatchEnd::Kind::Expired:
            ++status_.expired;
            break;
        case WatchEnd::Kind::Stalled:
            ++status_.stalls;
            noteTrouble("nothing came for too long; connecting again", ErrorCode::DeadlineExceeded);
            break;
        case WatchEnd::Kind::Failed:
            if (relistWanted_) break;
            ++status_.failures;
            noteTrouble(end.error.describe(), end.error.code);
            break;
        default:
            break;
    }
    if (changed_) changed_();
}

void WatchStream::noteTrouble(std::string message, ErrorCode code) {
    status_.lastError = std::move(message);
    status_.errorCode = code;
    if (!status_.failingSince) status_.failingSince = clock_.now();
}

void WatchStream::noteAllIsWell() {
    status_.lastError.clear();
    status_.errorCode.reset();
    status_.failingSince.reset();
}

std::string WatchStream::watchQuery() {
    bool list = plan_.step().phase == WatchPhase::StreamingList;
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.renewAtLeast).count();
    seconds += static_cast<std::int64_t>(random_.fraction() * static_cast<double>(seconds));
    std::string query = "?watch=1&allowWatchBookmarks=true&timeoutSeconds=" + std::to_string(seconds);
    if (list)
        query += "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    else
        query += "&resourceVersion=" + net::percentEncode(plan_.version());
    if (!options_.fieldSelector.empty()) query += "&fieldSelector=" + net::percentEncode(options_.fieldSelector);
    return query;
}

Task<WatchEnd> WatchStream::watch(const std::string& path) {
    bool list = plan_.step().phase == WatchPhase::StreamingList;
    auto opened = co_await server_.open(path + watchQuery(), headTimeout);
    if (!opened) {
        if (list && opened.error().code == ErrorCode::InvalidArgument)
            co_return WatchEnd{WatchEnd::Kind::Declined, opened.error(), {}};
        co_return endOf(std::move(opened).error());
    }
    // While it was being opened, it was decided that everything must be listed.
    if (relistWanted_) co_return WatchEnd{WatchEnd::Kind::Closed, {}, {}};
    auto body = std::move(*opened);
    struct InHand {
        WatchStream& stream;
        ~InHand() { stream.body_ = nullptr; }
    } inHand{*this};
    body_ = body.get();
    ++status_.watches;
    framer_.reset();
    status_.lastLineAt = clock_.now();
    if (list) handler_.listBegins();
    for (;;) {
        auto count = co_await read(*body);
        if (!count) {
            bool stalled = count.error().code == ErrorCode::DeadlineExceeded;
            // A server that knows no streaming lists sends the objects and never says that they are all.
            if (stalled && list && plan_.step().phase == WatchPhase::StreamingList)
                co_return WatchEnd{WatchEnd::Kind::Declined, {}, {}};
            if (stalled) co_return WatchEnd{WatchEnd::Kind::Stalled, {}, {}};
            co_return endOf(std::move(count).error());
        }
        if (*count == 0) co_return WatchEnd{WatchEnd::Kind::Closed, {}, {}};
        framer_.filled(*count);
        status_.bytes += *count;
        if (auto end = handleLines()) co_return std::move(*end);
        if (framer_.tooLong()) {
            plan_.relist();  // from the same version it would come again, also once its object is gone
            auto limit = std::to_string(options_.maxLineBytes);
            co_return failedWith(Error(ErrorCode::ResourceExhausted, "a watch event is larger than " + limit + " bytes",
                                       options_.resource, "delete or shrink the object"));
        }
    }
}

/// DeadlineExceeded when nothing came for too long.
Task<Result<std::size_t>> WatchStream::read(net::HttpBodyStream& body) {
    auto limit = status_.listed ? options_.stallAfter : options_.listStallAfter;
    auto count = co_await beforeDeadline(clock_, clock_.now() + limit, body.readSome(framer_.space()));
    if (!count) co_return fail(ErrorCode::DeadlineExceeded, "nothing came for too long");
    co_return std::move(*count);
}

std::optional<WatchEnd> WatchStream::handleLines() {
    bool any = false;
    while (auto line = framer_.next()) {
        any = true;
        if (auto end = handle(*line)) return end;
    }
    if (any) status_.lastLineAt = clock_.now();
    return std::nullopt;
}

std::optional<WatchEnd> WatchStream::handle(PaddedText line) {
    auto outcome = handler_.line(line);
    if (!outcome) {
        // What cannot be read may have been a change: only a new list makes sure.
        plan_.relist();
        return failedWith(std::move(outcome).error());
    }
    if (outcome->type == LineOutcome::Type::Error) {
        bool expired = outcome->errorCode == 410 || outcome->errorReason == "Expired" || outcome->errorReason == "Gone";
        Error error(expired ? ErrorCode::Expired : ErrorCode::Unavailable, outcome->errorMessage, options_.resource);
        return endOf(std::move(error).withRetry(Retry::later()));
    }
    if (plan_.step().phase == WatchPhase::StreamingList) {
        if (!outcome->initialEventsEnd) return std::nullopt;
        handler_.listEnds(outcome->resourceVersion);
        plan_.versionSeen(outcome->resourceVersion);
        plan_.listComplete();
        ++status_.lists;
        status_.phase = WatchPhase::Watch;
        status_.listed = true;
        noteAllIsWell();
        if (changed_) changed_();
        return std::nullopt;
    }
    if (!outcome->resourceVersion.empty()) plan_.versionSeen(std::move(outcome->resourceVersion));
    if (!status_.lastError.empty()) {
        noteAllIsWell();
        if (changed_) changed_();
    }
    return std::nullopt;
}

Task<WatchEnd> WatchStream::pagedList(const std::string& path) {
    std::string continueToken;
    auto pageSize = options_.pageSize;
    handler_.listBegins();
    for (;;) {
        std::string query = "?limit=" + std::to_string(pageSize);
        if (!continueToken.empty()) query += "&continue=" + net::percentEncode(continueToken);
        if (!options_.fieldSelector.empty()) query += "&fieldSelector=" + net::percentEncode(options_.fieldSelector);
        auto response = co_await server_.get(path + query, pageTimeout);
        if (!response && response.error().code == ErrorCode::Expired && !continueToken.empty()) {
            // The snapshot behind the pages is gone: once more, in one piece.
            continueToken.clear();
            pageSize = 0;
            handler_.listBegins();
            continue;
        }
        if (!response) co_return endOf(std::move(response).error());
        auto& body = response->body;
        auto size = body.size();
        status_.bytes += size;
        body.resize(size + 64);
        auto page = handler_.page({body.data(), size, body.size()});
        if (!page) co_return failedWith(std::move(page).error());
        continueToken = std::move(page->continueToken);
        if (!continueToken.empty()) continue;
        handler_.listEnds(page->resourceVersion);
        plan_.versionSeen(std::move(page->resourceVersion));
        ++status_.lists;
        status_.listed = true;
        status_.lastLineAt = clock_.now();
        noteAllIsWell();
        co_return WatchEnd{WatchEnd::Kind::Listed, {}, {}};
    }
}

}  // namespace klaw::kube
