#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/net/websocket.hpp"

namespace klaw::kube {

/// What came of a command in a container.
struct ExecOutcome {
    std::optional<int> exitCode;  ///< nothing: it is not known how it ended
    std::string output;           ///< what it wrote to both its outputs, in the order it came; any bytes
    bool cut = false;             ///< it wrote more
    /// Why there is no exit code, in the words of whoever broke off; empty: it had not ended when its time was over,
    /// and may go on.
    std::string broken{};
};

/// The first is what is spoken where the server can, the second where it is older.
/// https://kubernetes.io/docs/reference/using-api/websocket-protocol/ — `remotecommand` in k8s.io/apimachinery: each
/// message begins with the number of its channel.
inline constexpr std::string_view execProtocols = "v5.channel.k8s.io, v4.channel.k8s.io";
bool isExecProtocol(std::string_view protocol);

/// Listens to a command that has begun, without sending it anything, to its end or for so long. Ends the connection.
/// Internal when the command could not be started; one that broke off has an outcome without an exit code.
Task<Result<ExecOutcome>> listenToCommand(Loop& loop, std::shared_ptr<net::WebSocket> socket, Duration within);

}  // namespace klaw::kube
