#include "test/unit/played/played_websocket.hpp"

#include <sys/socket.h>

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace klaw::test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using Request = beast::http::request<beast::http::string_body>;

namespace {

class BlockingSession final : public PlayedWebSocket::Session {
public:
    BlockingSession(tcp::socket socket, Request request, std::string protocol)
        : request_(std::move(request)), ws_(std::move(socket)) {
        std::string offered(request_[beast::http::field::sec_websocket_protocol]);
        if (protocol.empty()) protocol = offered.substr(0, offered.find(','));
        if (!offered.empty())
            ws_.set_option(websocket::stream_base::decorator([protocol](websocket::response_type& response) {
                response.set(beast::http::field::sec_websocket_protocol, protocol);
            }));
        target_ = std::string(request_.target());
        ws_.read_message_max(0);
        ws_.control_callback(
            [this](websocket::frame_type kind, beast::string_view) { pongs_ += kind == websocket::frame_type::pong; });
        boost::system::error_code error;
        ws_.accept(request_, error);
    }
    const std::string& target() const override { return target_; }
    std::string header(const std::string& name) const override { return std::string(request_[name]); }
    std::optional<PlayedWebSocket::Message> receive() override {
        beast::flat_buffer buffer;
        boost::system::error_code error;
        ws_.read(buffer, error);
        if (error) return std::nullopt;
        return PlayedWebSocket::Message{ws_.got_binary(), beast::buffers_to_string(buffer.data())};
    }
    void send(const std::string& data, bool binary) override {
        boost::system::error_code error;
        ws_.binary(binary);
        ws_.write(asio::buffer(data), error);
    }
    void sendInPieces(const std::string& data, std::size_t pieceBytes) override {
        boost::system::error_code error;
        ws_.text(true);
        for (std::size_t from = 0; from < data.size() && !error; from += pieceBytes)
            ws_.write_some(from + pieceBytes >= data.size(), asio::buffer(data.substr(from, pieceBytes)), error);
    }
    void ping() override {
        boost::system::error_code error;
        ws_.ping({}, error);
    }
    std::uint64_t pongs() const override { return pongs_; }
    void close() override {
        boost::system::error_code error;
        ws_.close(websocket::close_code::going_away, error);
    }
    void abort() override {
        boost::system::error_code error;
        ws_.next_layer().close(error);
    }

private:
    Request request_;
    std::string target_;
    websocket::stream<tcp::socket> ws_;
    std::uint64_t pongs_ = 0;
};

}  // namespace

struct PlayedWebSocket::Impl {
    struct Turn {
        Scene scene;
        int refusal = 0;
        std::map<std::string, std::string> headers;
        std::string body;
    };

    Impl() : acceptor(context, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)) {
        port = acceptor.local_endpoint().port();
        thread = std::thread([this] { serve(); });
    }

    void serve() {
        std::vector<std::thread> playing;
        for (;;) {
            tcp::socket socket(context);
            boost::system::error_code error;
            acceptor.accept(socket, error);
            if (error || ending) break;
            playing.emplace_back([this, peer = std::make_shared<tcp::socket>(std::move(socket))] { play(*peer); });
        }
        for (auto& each : playing) each.join();
    }

    void play(tcp::socket& socket) {
        auto descriptor = socket.native_handle();
        {
            std::lock_guard lock(mutex);
            open.insert(descriptor);
            if (ending) ::shutdown(descriptor, SHUT_RDWR);
        }
        beast::flat_buffer buffer;
        Request request;
        boost::system::error_code error;
        beast::http::read(socket, buffer, request, error);
        if (!error) {
            ++connections;
            playTurn(socket, std::move(request), nextTurn());
        }
        std::lock_guard lock(mutex);
        open.erase(descriptor);
    }

    void playTurn(tcp::socket& socket, Request request, Turn turn) {
        boost::system::error_code error;
        if (turn.refusal != 0) {
            beast::http::response<beast::http::string_body> answer;
            answer.result(static_cast<unsigned>(turn.refusal));
            for (const auto& [name, value] : turn.headers) answer.set(name, value);
            answer.body() = turn.body;
            answer.prepare_payload();
            beast::http::write(socket, answer, error);
            return;
        }
        auto descriptor = socket.native_handle();
        BlockingSession session(std::move(socket), std::move(request), agreedProtocol());
        if (turn.scene) turn.scene(session);
        std::lock_guard lock(mutex);
        open.erase(descriptor);  // before it is closed and given to somebody else
    }

    std::string agreedProtocol() {
        std::lock_guard lock(mutex);
        return protocol;
    }

    Turn nextTurn() {
        std::lock_guard lock(mutex);
        if (turns.empty()) return {};
        auto turn = std::move(turns.front());
        turns.pop_front();
        return turn;
    }

    void end() {
        ending = true;
        {
            std::lock_guard lock(mutex);
            for (auto descriptor : open) ::shutdown(descriptor, SHUT_RDWR);
        }
        ::shutdown(acceptor.native_handle(), SHUT_RDWR);
        thread.join();
    }

    asio::io_context context;
    tcp::acceptor acceptor;
    std::uint16_t port = 0;
    std::thread thread;
    std::mutex mutex;
    std::set<int> open;
    std::deque<Turn> turns;
    std::string protocol;
    std::atomic<std::size_t> connections = 0;
    std::atomic<bool> ending = false;
};

PlayedWebSocket::PlayedWebSocket() : impl_(std::make_unique<Impl>()) {}

PlayedWebSocket::~PlayedWebSocket() {
    impl_->end();
}

void PlayedWebSocket::then(Scene scene) {
    std::lock_guard lock(impl_->mutex);
    impl_->turns.push_back({std::move(scene), 0, {}, {}});
}

void PlayedWebSocket::thenRefuse(int status, std::map<std::string, std::string> headers, std::string body) {
    std::lock_guard lock(impl_->mutex);
    impl_->turns.push_back({nullptr, status, std::move(headers), std::move(body)});
}

void PlayedWebSocket::speak(std::string protocol) {
    std::lock_guard lock(impl_->mutex);
    impl_->protocol = std::move(protocol);
}

std::string PlayedWebSocket::url(const std::string& target) const {
    return "ws://127.0.0.1:" + std::to_string(impl_->port) + target;
}

std::size_t PlayedWebSocket::connections() const {
    return impl_->connections;
}

}  // namespace klaw::test
