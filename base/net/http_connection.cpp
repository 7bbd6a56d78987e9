#include "base/net/http_connection.hpp"

namespace klaw::net {

using boost::system::error_code;

namespace {

constexpr std::size_t copiedBody = 16 * 1024;  // a small body travels in one segment with its head

}  // namespace

Task<error_code> HttpConnection::sendRequest(std::string_view head, std::string_view body) {
    requestSent_ = false;
    answerBegun_ = false;
    std::string together;
    if (body.size() <= copiedBody) {
        together.append(head).append(body);
        head = together;
        body = std::string_view();
    }
    auto written = co_await stream_->writeAll(head);
    if (!written.error && !body.empty()) written = co_await stream_->writeAll(body);
    requestSent_ = !written.error;
    co_return written.error;
}

Task<error_code> HttpConnection::readHead(bool toHeadRequest, HttpHead& head) {
    for (;;) {
        reader_.emplace(*stream_, buffer_, std::nullopt);
        if (toHeadRequest) reader_->expectNoBody();
        auto error = co_await reader_->readHead();
        answerBegun_ = answerBegun_ || reader_->anyByteReceived();
        if (error) co_return error;
        head.status = static_cast<int>(reader_->message().result_int());
        head.headers = reader_->takeHeaders();
        head.certificateEnds = stream_->peerCertificateEnds();
        if (head.status >= 200 || head.status == 101) co_return error_code();
    }
}

bool HttpConnection::reusable() const {
    return requestSent_ && reader_ && reader_->done() && reader_->keepAlive() && buffer_.empty() && stream_->isOpen();
}

void HttpConnection::becomeIdle() {
    reader_.reset();
    buffer_.release();
}

ConnectionPool::~ConnectionPool() {
    for (auto& connection : idle_) connection->stream()->close();
}

std::unique_ptr<HttpConnection> ConnectionPool::take(std::string_view origin) {
    for (auto i = idle_.size(); i-- > 0;) {
        if (idle_[i]->origin() != origin) continue;
        auto connection = std::move(idle_[i]);
        idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
        if (connection->stream()->probe() == ByteStream::Readiness::Quiet) return connection;
        connection->stream()->close();
    }
    return nullptr;
}

void ConnectionPool::giveBack(std::unique_ptr<HttpConnection> connection) {
    connection->becomeIdle();
    idle_.push_back(std::move(connection));
    while (idle_.size() > capacity_) {
        idle_.front()->stream()->close();
        idle_.erase(idle_.begin());
    }
}

}  // namespace klaw::net
