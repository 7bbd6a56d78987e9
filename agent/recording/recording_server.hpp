#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/recording/recording_reader.hpp"
#include "base/async/loop.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/task.hpp"
#include "base/result.hpp"

namespace klaw::recording {

struct RecordingServerOptions {
    std::string cluster;  ///< which one of the recording; empty: its first
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: any free port
    double speed = 1;        ///< seconds of the recording per second, at least 1e-6
    bool loop = false;       ///< begin again at the end; changes of the first round are undone by DELETED and ADDED
    /// Changes kept per resource for watches that resume; older versions get 410. 0: two rounds of the recording, so
    /// that a client that keeps up within a round never gets one.
    std::size_t history = 0;
};

/// Plays a recording as a Kubernetes API server on loopback, so that the agent's own client code runs on it: discovery,
/// lists (whole, paged, streaming with bookmarks), watches from a version, 410 for versions that are too old.
/// Everything else of the API answers 404, changes 405. No TLS, no authentication.
///
/// On the loop thread; the recording is held in memory. What the initial lists of the recording contain is there from
/// the start; play() brings the rest.
class RecordingServer {
public:
    /// Reads the initial lists. Errors are those of the reader, or NotFound for the cluster.
    static Result<std::unique_ptr<RecordingServer>> load(Loop& loop, LoopClock& clock, RecordingReader reader,
                                                         RecordingServerOptions options);
    virtual ~RecordingServer() = default;

    /// Binds; the port.
    virtual Result<std::uint16_t> listen() = 0;
    /// Plays to the end of the recording (for ever with `loop`). Cancel the task to end early.
    virtual Task<Result<void>> play() = 0;
    /// Ends all watches and closes.
    virtual Task<void> stop() = 0;
};

}  // namespace klaw::recording
