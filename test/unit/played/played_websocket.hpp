#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace klaw::test {

/// A WebSocket server for tests, on a thread of its own: each connection is a scene that plays its part and waits for
/// what must come. Written with Beast's blocking calls, so that it shares nothing with our client.
class PlayedWebSocket {
public:
    struct Message {
        bool binary = false;
        std::string data;
    };
    /// The server's end of one connection.
    class Session {
    public:
        virtual ~Session() = default;
        virtual const std::string& target() const = 0;                  ///< path and query
        virtual std::string header(const std::string& name) const = 0;  ///< of the upgrade; empty where it has none
        virtual std::optional<Message> receive() = 0;                   ///< nullopt: the client has gone
        virtual void send(const std::string& data, bool binary = false) = 0;
        virtual void sendInPieces(const std::string& data, std::size_t pieceBytes) = 0;
        virtual void ping() = 0;
        virtual std::uint64_t pongs() const = 0;  ///< seen while receiving
        virtual void close() = 0;                 ///< with a goodbye
        virtual void abort() = 0;                 ///< without
    };
    using Scene = std::function<void(Session& session)>;

    PlayedWebSocket();
    ~PlayedWebSocket();  ///< ends whatever is still played

    /// The next connection, in the order of the calls; those after the last scene are closed at once.
    void then(Scene scene);
    /// The next upgrade is answered with this instead.
    void thenRefuse(int status, std::map<std::string, std::string> headers, std::string body = {});
    /// Which subprotocol is agreed on from now on; else the first that the client offers.
    void speak(std::string protocol);
    std::string url(const std::string& target = "/connect?ticket=t") const;
    std::size_t connections() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace klaw::test
