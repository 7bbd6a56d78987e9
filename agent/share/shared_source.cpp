#include "agent/share/shared_source.hpp"

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "agent/share/share_server.hpp"

namespace klaw::share {
namespace {

constexpr Duration headTimeout = 3s;
constexpr Duration triesEvery = 300ms;
constexpr std::size_t maxErrorBody = 4096;

bool isRefusal(ErrorCode code) {
    return code == ErrorCode::Unauthenticated || code == ErrorCode::PermissionDenied || code == ErrorCode::NotFound ||
           code == ErrorCode::Conflict || code == ErrorCode::InvalidArgument;
}

bool isVersioned(const std::string& path) {
    return path.find("&resourceVersion=") != path.npos;
}

}  // namespace

/// A body that can be left for another source: to its reader it ends in order, as API servers end watches.
class SharedSource::Body final : public net::HttpBodyStream {
public:
    Body(SharedSource& source, std::unique_ptr<net::HttpBodyStream> inner, bool isOfHolder)
        : source_(source), inner_(std::move(inner)), isOfHolder_(isOfHolder) {
        source_.body_ = this;
    }
    ~Body() override {
        if (source_.body_ == this) source_.body_ = nullptr;
    }
    const net::HttpHead& head() const override { return inner_->head(); }
    Task<Result<std::size_t>> readSome(std::span<char> into) override {
        auto count = co_await inner_->readSome(into);
        if (count) co_return count;
        // A holder that dies is nothing that the cluster is to blame for: the next request shows who goes on.
        bool died = isOfHolder_ && count.error().code != ErrorCode::Cancelled;
        if (left_ || died) co_return std::size_t(0);
        co_return count;
    }
    void close() override { inner_->close(); }
    void leave() {
        left_ = true;
        inner_->close();
    }
    bool isOfHolder() const { return isOfHolder_; }

private:
    SharedSource& source_;
    std::unique_ptr<net::HttpBodyStream> inner_;
    bool isOfHolder_;
    bool left_ = false;
};

SharedSource::SharedSource(kube::ApiServer& server, const Peers& peers, LoopClock& clock, Options options,
                           std::function<std::string()> version, std::function<void()> changed)
    : direct_(server),
      peers_(peers),
      clock_(clock),
      options_(std::move(options)),
      version_(std::move(version)),
      changed_(std::move(changed)) {}

SharedSource::~SharedSource() = default;

void SharedSource::setHolder(std::optional<Holder> holder) {
    if (holder == holder_) return;
    holder_ = std::move(holder);
    ++moves_;
    troubledSince_.reset();
    refuses_ = false;
    mayList_ = !hasRead_;
    if (body_ && !body_->isOfHolder()) {
        standsIn_ = holder_.has_value();  // until the holder can go on from here
        return note("", "");
    }
    standsIn_ = false;
    leave();
}

void SharedSource::leave() {
    if (body_) body_->leave();
}

void SharedSource::note(std::string from, std::string reason) {
    if (from == from_ && reason == reason_) return;
    from_ = std::move(from);
    reason_ = std::move(reason);
    if (changed_) changed_();
}

bool SharedSource::mayAskHolder(const std::string& path) const {
    return holder_ && !standsIn_ && (mayList_ || isVersioned(path));
}

Task<Result<net::HttpResponse>> SharedSource::get(std::string path, Duration timeout) {
    auto answer = co_await direct_.get(std::move(path), timeout);
    if (answer) {
        hasRead_ = true;
        mayList_ = false;
    }
    co_return answer;
}

Task<SharedSource::Opened> SharedSource::open(std::string path, Duration timeout) {
    path_ = path.substr(0, path.find('?'));
    while (mayAskHolder(path)) {
        auto opened = co_await openAtHolder(path);
        if (opened) co_return std::move(*opened);
    }
    co_return co_await openDirectly(std::move(path), timeout);
}

/// nullopt: to be asked again, or not at the holder.
Task<std::optional<SharedSource::Opened>> SharedSource::openAtHolder(std::string path) {
    auto moves = moves_;
    auto name = holder_->name;
    auto opened = co_await request(std::move(path));
    if (!opened && opened.error().code == ErrorCode::Cancelled) co_return opened;
    if (moves != moves_) co_return std::nullopt;
    if (opened) {
        troubledSince_.reset();
        hasRead_ = mayList_ = true;
        note(name, "");
        std::unique_ptr<net::HttpBodyStream> body = std::make_unique<Body>(*this, std::move(*opened), true);
        co_return std::move(body);
    }
    auto code = opened.error().code;
    if (code == ErrorCode::Expired) {
        mayList_ = true;  // what it has is newer than what was read
        co_return opened;
    }
    if (!troubledSince_) troubledSince_ = clock_.now();
    refuses_ = isRefusal(code);
    if (refuses_ || clock_.now() - *troubledSince_ >= options_.patience) {
        standIn(opened.error());
        co_return std::nullopt;
    }
    co_await clock_.sleepFor(triesEvery);
    auto state = co_await boost::asio::this_coro::cancellation_state;
    if (state.cancelled() == boost::asio::cancellation_type::none) co_return std::nullopt;
    co_return Opened(fail(ErrorCode::Cancelled, "the request was cancelled"));
}

void SharedSource::standIn(const Error& reason) {
    standsIn_ = true;
    note("", holder_->name + ": " + reason.describe());
}

Task<SharedSource::Opened> SharedSource::openDirectly(std::string path, Duration timeout) {
    if (!standsIn_) note("", "");
    standsIn_ = holder_.has_value();
    auto opened = co_await direct_.open(std::move(path), timeout);
    if (!opened) co_return opened;
    standsIn_ = holder_.has_value();  // it may have one meanwhile
    hasRead_ = true;
    mayList_ = false;
    std::unique_ptr<net::HttpBodyStream> body = std::make_unique<Body>(*this, std::move(*opened), false);
    co_return std::move(body);
}

Task<SharedSource::Opened> SharedSource::request(std::string path) {
    auto prefix = holder_->address + std::string(sharePath) + net::percentEncode(options_.cluster);
    net::HttpRequest request("GET", prefix + path + "&fields=" + options_.fields);
    request.headers.add("Authorization", "Bearer " + peers_.token);
    auto place = holder_->address;
    auto opened = co_await peers_.client.open(std::move(request), headTimeout);
    if (!opened) co_return opened;
    auto head = (*opened)->head();
    if (head.status < 300) co_return opened;
    std::string text(maxErrorBody, '\0');
    auto size = co_await (*opened)->readSome(text);
    text.resize(size.value_or(0));
    co_return fail(kube::statusError(head, text, place));
}

Task<void> SharedSource::run() {
    for (;;) {
        auto wait = refuses_ ? options_.askRefusingEvery : options_.askAgainEvery;
        co_await clock_.sleepFor(wait);
        auto state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() != boost::asio::cancellation_type::none) co_return;
        if (holder_ && standsIn_) co_await lookAtHolder();
    }
}

/// While a first list is under way it is not known from where the holder would have to go on.
Task<void> SharedSource::lookAtHolder() {
    auto version = version_();
    if (path_.empty() || (version.empty() && !mayList_)) co_return;
    auto moves = moves_;
    auto path = path_ + "?probe=1";
    if (!version.empty()) path += "&resourceVersion=" + net::percentEncode(version);
    auto answer = co_await request(std::move(path));
    if (moves != moves_ || !standsIn_) co_return;
    if (!answer && answer.error().code != ErrorCode::Expired) {
        refuses_ = isRefusal(answer.error().code);
        if (answer.error().code != ErrorCode::Cancelled) note("", holder_->name + ": " + answer.error().describe());
        co_return;
    }
    refuses_ = false;
    troubledSince_.reset();
    standsIn_ = false;
    leave();
}

}  // namespace klaw::share
