#include "base/net/tls_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

#include "base/net/certificate.hpp"
#include "base/net/tcp_stream.hpp"
#include "base/net/tls_verdict.hpp"

namespace klaw::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// The socket as OpenSSL sees it. Its own socket BIO would raise SIGPIPE and lose errno.
struct Wire {
    int descriptor = -1;
    int error = 0;
    bool ended = false;
};

Wire& wireOf(BIO* bio) {
    return *static_cast<Wire*>(BIO_get_data(bio));
}

int finishTransfer(BIO* bio, ssize_t count, int retryFlag) {
    BIO_clear_retry_flags(bio);
    if (count >= 0) return static_cast<int>(count);
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
        BIO_set_flags(bio, retryFlag | BIO_FLAGS_SHOULD_RETRY);
    } else {
        wireOf(bio).error = errno;
    }
    return -1;
}

int wireWrite(BIO* bio, const char* data, int size) {
    auto count = ::send(wireOf(bio).descriptor, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    return finishTransfer(bio, count, BIO_FLAGS_WRITE);
}

int wireRead(BIO* bio, char* data, int size) {
    auto count = ::recv(wireOf(bio).descriptor, data, static_cast<std::size_t>(size), 0);
    if (count == 0) wireOf(bio).ended = true;
    return finishTransfer(bio, count, BIO_FLAGS_READ);
}

long wireControl(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    return command == BIO_CTRL_EOF && wireOf(bio).ended ? 1 : 0;
}

BIO* newWireBio(Wire& wire) {
    static BIO_METHOD* const method = [] {
        auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
        BIO_meth_set_write(made, wireWrite);
        BIO_meth_set_read(made, wireRead);
        BIO_meth_set_ctrl(made, wireControl);
        return made;
    }();
    auto* bio = BIO_new(method);
    BIO_set_data(bio, &wire);
    BIO_set_init(bio, 1);
    return bio;
}

/// TLS straight on the socket: asio::ssl::stream would hold some 70 KB of buffers for each connection.
class TlsStream final : public ByteStream {
public:
    TlsStream(tcp::socket socket, TlsContext context);
    ~TlsStream() override { TlsStream::abort(); }

    void becomeClient(const std::string& expectedName);
    void becomeServer() { SSL_set_accept_state(ssl_.get()); }
    void asyncHandshake(IoHandler handler) { start(Work::Handshake, nullptr, 0, std::move(handler)); }

    void asyncReadSome(asio::mutable_buffer into, IoHandler handler) override {
        start(Work::Read, into.data(), into.size(), std::move(handler));
    }
    void asyncWriteSome(asio::const_buffer from, IoHandler handler) override {
        start(Work::Write, const_cast<void*>(from.data()), from.size(), std::move(handler));
    }
    void close() override;
    void abort() override;
    void shutdownSend() override;
    Readiness probe() override;
    bool isOpen() const override { return socket_.is_open(); }
    asio::any_io_executor executor() override { return socket_.get_executor(); }
    std::optional<Error> failure() const override { return failure_; }
    std::optional<TimePoint> peerCertificateEnds() const override;

private:
    enum class Work { Handshake, Read, Write };
    enum class Wants { Nothing, Read, Write };
    struct Attempt {
        Wants wants = Wants::Nothing;
        IoResult result;
    };
    struct Operation;
    struct FreeSsl {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };

    void start(Work work, void* data, std::size_t size, IoHandler handler);
    Attempt attempt(Work work, void* data, std::size_t size);
    Attempt explain(int returned);
    error_code endedEarly();
    static int onVerify(int accepted, X509_STORE_CTX* store);

    TlsContext context_;
    tcp::socket socket_;
    Wire wire_;
    std::unique_ptr<SSL, FreeSsl> ssl_;
    std::string expectedName_;
    std::optional<Error> failure_;
};

/// Tries, waits for the socket where OpenSSL asks for it, and tries again. Never completes within its initiation.
struct TlsStream::Operation {
    TlsStream* stream;
    Work work;
    void* data;
    std::size_t size;
    std::optional<IoResult> finished = std::nullopt;
    bool suspended = false;

    template <class Self>
    void operator()(Self& self, error_code error = {}) {
        if (finished) return self.complete(finished->error, finished->bytes);
        if (error) return self.complete(error, 0);
        auto outcome = stream->attempt(work, data, size);
        if (outcome.wants != Wants::Nothing) {
            suspended = true;
            auto event = outcome.wants == Wants::Read ? tcp::socket::wait_read : tcp::socket::wait_write;
            stream->socket_.async_wait(event, std::move(self));
        } else if (suspended) {
            self.complete(outcome.result.error, outcome.result.bytes);
        } else {
            finished = outcome.result;
            auto executor = stream->socket_.get_executor();
            asio::post(executor, std::move(self));
        }
    }
};

TlsStream::TlsStream(tcp::socket socket, TlsContext context)
    : context_(std::move(context)), socket_(std::move(socket)), ssl_(SSL_new(context_.get())) {
    if (!ssl_) throw std::bad_alloc();
    error_code ignored;
    socket_.native_non_blocking(true, ignored);
    wire_.descriptor = socket_.native_handle();
    auto* bio = newWireBio(wire_);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_verify(ssl_.get(), SSL_CTX_get_verify_mode(context_.get()), onVerify);
}

void TlsStream::becomeClient(const std::string& expectedName) {
    expectedName_ = expectedName;
    SSL_set_connect_state(ssl_.get());
    auto* parameters = SSL_get0_param(ssl_.get());
    error_code notAnAddress;
    asio::ip::make_address(expectedName, notAnAddress);
    if (!notAnAddress) {
        X509_VERIFY_PARAM_set1_ip_asc(parameters, expectedName.c_str());
        return;
    }
    SSL_set_tlsext_host_name(ssl_.get(), expectedName.c_str());
    X509_VERIFY_PARAM_set_hostflags(parameters,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    X509_VERIFY_PARAM_set1_host(parameters, expectedName.c_str(), expectedName.size());
}

int TlsStream::onVerify(int accepted, X509_STORE_CTX* store) {
    if (accepted == 1) return 1;
    auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* self = static_cast<TlsStream*>(SSL_get_app_data(ssl));
    auto* certificate = X509_STORE_CTX_get_current_cert(store);
    if (certificate == nullptr) certificate = X509_STORE_CTX_get0_cert(store);
    if (certificate != nullptr && SSL_is_server(ssl) == 0)
        self->failure_ = explainCertificate(X509_STORE_CTX_get_error(store), certificate, self->expectedName_);
    return 0;
}

void TlsStream::start(Work work, void* data, std::size_t size, IoHandler handler) {
    Operation operation{this, work, data, size};
    asio::async_compose<IoHandler, void(error_code, std::size_t)>(operation, handler, socket_);
}

TlsStream::Attempt TlsStream::attempt(Work work, void* data, std::size_t size) {
    if (!socket_.is_open()) return {Wants::Nothing, {asio::error::operation_aborted, 0}};
    if (work != Work::Handshake && size == 0) return {};
    ERR_clear_error();
    std::size_t bytes = 0;
    int returned = 0;
    switch (work) {
        case Work::Handshake:
            returned = SSL_do_handshake(ssl_.get());
            break;
        case Work::Read:
            returned = SSL_read_ex(ssl_.get(), data, size, &bytes);
            break;
        case Work::Write:
            returned = SSL_write_ex(ssl_.get(), data, size, &bytes);
            break;
    }
    if (returned == 1) return {Wants::Nothing, {error_code(), bytes}};
    return explain(returned);
}

TlsStream::Attempt TlsStream::explain(int returned) {
    switch (SSL_get_error(ssl_.get(), returned)) {
        case SSL_ERROR_WANT_READ:
            return {Wants::Read, {}};
        case SSL_ERROR_WANT_WRITE:
            return {Wants::Write, {}};
        case SSL_ERROR_ZERO_RETURN:
            return {Wants::Nothing, {asio::error::eof, 0}};
        case SSL_ERROR_SYSCALL:
            return {Wants::Nothing, {endedEarly(), 0}};
        default:
            break;
    }
    auto reason = ERR_peek_error();
    if (ERR_GET_REASON(reason) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {Wants::Nothing, {endedEarly(), 0}};
    if (!failure_) failure_ = explainTlsFailure(reason);
    return {Wants::Nothing, {error_code(EPROTO, boost::system::generic_category()), 0}};
}

/// Without TLS's own farewell anybody on the way could have ended the connection, so it is not an end of file.
error_code TlsStream::endedEarly() {
    if (wire_.error == 0) return asio::error::connection_reset;
    return error_code(wire_.error, boost::system::system_category());
}

void TlsStream::close() {
    shutdownSend();
    abort();
}

void TlsStream::abort() {
    error_code ignored;
    socket_.close(ignored);
}

void TlsStream::shutdownSend() {
    if (!socket_.is_open() || failure_ || wire_.error != 0 || SSL_is_init_finished(ssl_.get()) == 0) return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

ByteStream::Readiness TlsStream::probe() {
    if (!socket_.is_open()) return Readiness::Closed;
    ERR_clear_error();
    char byte = 0;
    std::size_t count = 0;
    auto returned = SSL_peek_ex(ssl_.get(), &byte, 1, &count);
    if (returned == 1) return Readiness::Data;
    auto state = SSL_get_error(ssl_.get(), returned);
    ERR_clear_error();
    return state == SSL_ERROR_WANT_READ || state == SSL_ERROR_WANT_WRITE ? Readiness::Quiet : Readiness::Closed;
}

std::optional<TimePoint> TlsStream::peerCertificateEnds() const {
    const auto* certificate = SSL_get0_peer_certificate(ssl_.get());
    return certificate != nullptr ? timeOf(X509_get0_notAfter(certificate)) : std::nullopt;
}

struct StartHandshake {
    void operator()(IoHandler handler, TlsStream* stream) const { stream->asyncHandshake(std::move(handler)); }
};

Task<Result<std::shared_ptr<ByteStream>>> handshake(std::shared_ptr<TlsStream> stream, Expiry& expiry) {
    constexpr auto token = asio::as_tuple(asio::use_awaitable);
    using Token = std::remove_const_t<decltype(token)>;
    expiry.guard(stream);
    auto* raw = stream.get();
    auto outcome =
        co_await asio::async_initiate<const Token, void(error_code, std::size_t)>(StartHandshake(), token, raw);
    auto error = std::get<0>(outcome);
    if (!error) co_return std::shared_ptr<ByteStream>(std::move(stream));
    if (expiry.passed()) co_return fail(Error(ErrorCode::DeadlineExceeded, "the TLS handshake did not end in time"));
    if (error == asio::error::operation_aborted) co_return fail(ErrorCode::Cancelled, "cancelled in the TLS handshake");
    if (auto failure = stream->failure()) co_return fail(*failure);
    Error lost(ErrorCode::Unavailable, "the TLS handshake failed: " + describeIoError(error));
    co_return fail(std::move(lost).withRetry(Retry::later()));
}

}  // namespace

Task<Result<std::shared_ptr<ByteStream>>> connectTls(tcp::socket socket, TlsContext context, std::string expectedName,
                                                     Expiry& expiry) {
    auto stream = std::make_shared<TlsStream>(std::move(socket), std::move(context));
    stream->becomeClient(expectedName);
    return handshake(std::move(stream), expiry);
}

Task<Result<std::shared_ptr<ByteStream>>> acceptTls(tcp::socket socket, TlsContext context, Expiry& expiry) {
    auto stream = std::make_shared<TlsStream>(std::move(socket), std::move(context));
    stream->becomeServer();
    return handshake(std::move(stream), expiry);
}

}  // namespace klaw::net
